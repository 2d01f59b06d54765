// Options as text, presets, and the recipe.
#include "apps/support/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "apps/support/image_file.h"
#include "apps/support/presets.h"
#include "apps/support/recipe.h"
#include "apps/support/values.h"
#include "tests/apps/picture_files.h"

namespace gramgrad::apps {
namespace {

std::string value_of(const StylizeArguments& arguments, std::string_view name) {
  return stylize_option(name).format(arguments);
}

TEST(Options, NamesAreUnique) {
  std::set<std::string> names;
  for (const Option& option : stylize_options()) {
    EXPECT_TRUE(names.insert(option.name).second) << option.name;
    EXPECT_FALSE(option.help.empty()) << option.name;
    EXPECT_FALSE(option.value.empty()) << option.name;
  }
}

// What an option formats, it parses to the same; and a value other than the default arrives.
TEST(Options, FormatAndParseAreInverse) {
  const std::vector<std::pair<std::string, std::string>> values{
      {"preset", "gatys"},
      {"size", "300"},
      {"scales", "2"},
      {"iterations", "30,20"},
      {"init", "some/file.png"},
      {"seed", "18446744073709551615"},
      {"content-weight", "0.1"},
      {"style-weight", "123456.789"},
      {"tv-weight", "0"},
      {"tv-form", "power"},
      {"tv-beta", "1.25"},
      {"range-weight", "3"},
      {"content-layers", "conv3_1=0.3,pool2=1"},
      {"style-layers", "relu1_1=0.1"},
      {"content-loss", "content:normalization=mean"},
      {"style-loss", "gram:normalization=chw,relative=false"},
      {"style-blend-weights", "0.25,1"},
      {"style-scale", "1.5"},
      {"preserve-color", "match"},
      {"weights", "other.ggw"},
      {"pooling", "max"},
      {"optimizer", "adam"},
      {"learning-rate", "0.003"},
      {"history", "7"},
      {"step-limit", "0.25"},
      {"momentum", "0.5"},
      {"average", "0.99"},
      {"clamp", "on"},
      {"device", "cuda:1"},
      {"precision", "f64"},
      {"autotune", "on"},
      {"threads", "3"},
      {"bits", "16"},
      {"save-every", "10"},
  };
  EXPECT_EQ(values.size(), stylize_options().size());
  const StylizeArguments defaults;
  StylizeArguments changed;
  for (const auto& [name, text] : values) {
    const Option& option = stylize_option(name);
    const std::string otherwise = option.format(defaults);
    EXPECT_NE(otherwise, text) << name;
    set_option(changed, option, text);
    EXPECT_EQ(option.format(changed), text) << name;
  }
  for (const auto& [name, text] : values) {
    EXPECT_EQ(value_of(changed, name), text) << name << ": undone by an option after it";
  }
  for (const Option& option : stylize_options()) {
    set_option(changed, option, option.format(defaults));
    EXPECT_EQ(option.format(changed), option.format(defaults)) << option.name;
  }
}

TEST(Options, LayersWithoutWeights) {
  const auto layers = parse_layers("relu1_1,relu2_1", [](int count) { return 1.0 / count; });
  EXPECT_EQ(format_layers(layers), "relu1_1=0.5,relu2_1=0.5");
  const auto mixed = parse_layers("relu1_1,relu2_1=3", [](int count) { return 1.0 / count; });
  EXPECT_EQ(format_layers(mixed), "relu1_1=1,relu2_1=3");
}

TEST(Options, ClampFollowsTheOptimizer) {
  StylizeArguments arguments;
  EXPECT_FALSE(stylizer_options(arguments).clamp);
  set_option(arguments, stylize_option("optimizer"), "adam");
  EXPECT_TRUE(stylizer_options(arguments).clamp);
  set_option(arguments, stylize_option("clamp"), "off");
  EXPECT_FALSE(stylizer_options(arguments).clamp);
}

TEST(Presets, LeaveOtherOptionsAlone) {
  StylizeArguments arguments;
  set_option(arguments, stylize_option("size"), "300");
  set_option(arguments, stylize_option("device"), "reference");
  apply_preset(arguments, "photo");
  EXPECT_EQ(value_of(arguments, "size"), "300");
  EXPECT_EQ(value_of(arguments, "device"), "reference");
  EXPECT_EQ(value_of(arguments, "content-weight"), "100");
}

TEST(Presets, EndWhatAnotherBegan) {
  StylizeArguments arguments;
  const std::string before = value_of(arguments, "style-loss");
  apply_preset(arguments, "neural-style");
  EXPECT_EQ(value_of(arguments, "pooling"), "max");
  EXPECT_EQ(value_of(arguments, "style-loss"), "gram:normalization=chw");
  EXPECT_EQ(value_of(arguments, "tv-weight"), "65.025");
  apply_preset(arguments, "balanced");
  EXPECT_EQ(value_of(arguments, "style-loss"), before);
  EXPECT_EQ(value_of(arguments, "iterations"), "auto");
  EXPECT_EQ(value_of(arguments, "pooling"), "avg");
}

TEST(Presets, MakeLossesThatExist) {
  for (const Preset& preset : presets()) {
    StylizeArguments arguments;
    apply_preset(arguments, preset.name);
    EXPECT_NO_THROW(nn::make_loss(arguments.stylizer.objective.content_loss)) << preset.name;
    EXPECT_NO_THROW(nn::make_loss(arguments.stylizer.objective.style_loss)) << preset.name;
  }
}

Recipe example_recipe() {
  Recipe recipe;
  recipe.version = "1.2.3";
  recipe.arguments.stylizer.init = nn::InitKind::picture;
  recipe.arguments.init_picture = "/c.png";
  set_option(recipe.arguments, stylize_option("style-scale"), "1.1");
  recipe.content = {"/a.png", std::string(64, 'a')};
  recipe.styles = {{"/b\xff.png", std::string(64, 'b')}, {"/d.png", std::string(64, 'd')}};
  recipe.start = FileIdentity{"/c.png", std::string(64, 'c')};
  recipe.weights = {"vgg16", std::string(64, 'e')};
  return recipe;
}

std::string written(const std::string& directory, const std::string& recipe) {
  Image dot;
  dot.width = dot.height = 1;
  dot.pixels = {0, 0, 0};
  WriteOptions options;
  options.text[recipe_key] = recipe;
  const std::string path = directory + "/dot.png";
  write_image(path, dot, options);
  return path;
}

TEST(Recipe, SurvivesAFile) {
  const TemporaryDirectory directory;
  const std::string json = to_json(example_recipe());
  const Recipe read = read_recipe(written(directory.path(), json));
  EXPECT_EQ(to_json(read), json);
  EXPECT_EQ(read.arguments.content, "/a.png");
  EXPECT_EQ(read.arguments.styles.size(), 2U);
  EXPECT_EQ(read.arguments.init_picture, "/c.png");
  EXPECT_EQ(value_of(read.arguments, "style-scale"), "1.1");
}

TEST(Recipe, RefusesNonsense) {
  const TemporaryDirectory directory;
  const std::string good = to_json(example_recipe());
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return text;
  };
  for (const std::string& text :
       {std::string("{"), std::string("[]"), std::string("{}"), std::string(100000, '['),
        replaced("\"seed\"", "\"sead\""), replaced("\"1.1\"", "1.1"), replaced("\"1.1\"", "\"-1\""),
        replaced("\"sha256\"", "\"sha\"")}) {
    EXPECT_THROW(read_recipe(written(directory.path(), text)), Error) << text.substr(0, 300);
  }
}

TEST(Recipe, NoticesChangedFiles) {
  const Recipe recipe = example_recipe();
  EXPECT_NO_THROW(check_unchanged(recipe, recipe));
  Recipe changed = recipe;
  changed.styles[1].sha256 = std::string(64, '0');
  EXPECT_THROW(check_unchanged(recipe, changed), Error);
  changed.styles[1].path = "/another.png";
  EXPECT_NO_THROW(check_unchanged(recipe, changed));
  changed.weights.sha256 = std::string(64, '0');
  EXPECT_THROW(check_unchanged(recipe, changed), Error);
}

}  // namespace
}  // namespace gramgrad::apps
