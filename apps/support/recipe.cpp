// Recipes to and from JSON.
#include "apps/support/recipe.h"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "apps/support/png_file.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

using nlohmann::json;

json identity_to_json(const FileIdentity& file) {
  return {{"path", file.path}, {"sha256", file.sha256}};
}

FileIdentity identity_from_json(const json& value) {
  return {value.at("path").get<std::string>(), value.at("sha256").get<std::string>()};
}

void read_options(const json& options, StylizeArguments& arguments) {
  std::size_t known = 0;
  for (const Option& option : stylize_options()) {
    if (option.in_recipe && options.contains(option.name)) {
      set_option(arguments, option, options.at(option.name).get<std::string>());
      ++known;
    }
  }
  check(known == options.size(),
        "it has options that this version does not know; use the version that made it");
}

Recipe from_json(const json& value) {
  Recipe recipe;
  recipe.version = value.at("gramgrad").get<std::string>();
  read_options(value.at("options"), recipe.arguments);
  recipe.content = identity_from_json(value.at("content"));
  recipe.arguments.content = recipe.content.path;
  for (const json& style : value.at("styles")) {
    recipe.styles.push_back(identity_from_json(style));
    recipe.arguments.styles.push_back(recipe.styles.back().path);
  }
  if (value.contains("start")) {
    recipe.start = identity_from_json(value.at("start"));
  }
  recipe.weights = identity_from_json(value.at("weights"));
  return recipe;
}

}  // namespace

std::string to_json(const Recipe& recipe) {
  json options = json::object();
  for (const Option& option : stylize_options()) {
    if (option.in_recipe) {
      options[option.name] = option.format(recipe.arguments);
    }
  }
  json value{{"gramgrad", recipe.version},
             {"options", options},
             {"content", identity_to_json(recipe.content)},
             {"styles", json::array()},
             {"weights", identity_to_json(recipe.weights)}};
  for (const FileIdentity& style : recipe.styles) {
    value["styles"].push_back(identity_to_json(style));
  }
  if (recipe.start) {
    value["start"] = identity_to_json(*recipe.start);
  }
  // File names need not be UTF-8; PNG text must be.
  return value.dump(2, ' ', false, json::error_handler_t::replace);
}

Recipe read_recipe(const std::string& png_path) {
  const std::map<std::string, std::string> text = read_png_text(png_path);
  const auto found = text.find(recipe_key);
  check(found != text.end(),
        "{}: has no gramgrad recipe; only finished PNG pictures written by gramgrad carry one",
        png_path);
  try {
    return from_json(json::parse(found->second));
  } catch (const json::exception&) {
    fail("{}: its gramgrad recipe is damaged", png_path);
  } catch (const Error& error) {
    fail("{}: its gramgrad recipe cannot be used: {}", png_path, error.what());
  }
}

void check_unchanged(const Recipe& recipe, const Recipe& used) {
  const auto compare = [](const FileIdentity& then, const FileIdentity& now) {
    check(then.path != now.path || then.sha256 == now.sha256,
          "{}: is not the file that the recipe was made with (SHA-256 {:.12}..., then {:.12}...); "
          "put the old one back, or name the file on the command line to use this one",
          now.path, now.sha256, then.sha256);
  };
  compare(recipe.content, used.content);
  for (std::size_t i = 0; i < std::min(recipe.styles.size(), used.styles.size()); ++i) {
    compare(recipe.styles[i], used.styles[i]);
  }
  if (recipe.start && used.start) {
    compare(*recipe.start, *used.start);
  }
  compare(recipe.weights, used.weights);
}

std::string absolute_path(const std::string& path) {
  return std::filesystem::absolute(path).lexically_normal().string();
}

}  // namespace gramgrad::apps
