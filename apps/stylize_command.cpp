// `gramgrad stylize`: its command line.
#include <fmt/format.h>

#include <cstdio>
#include <memory>
#include <optional>

#include "apps/commands.h"
#include "apps/stylize.h"
#include "apps/support/plan.h"
#include "kernels/check.h"

namespace gramgrad::apps {
namespace {

constexpr const char* examples =
    "Examples:\n"
    "  gramgrad stylize photo.jpg painting.jpg -o out.png\n"
    "      512 pixels, balanced between photo and painting\n"
    "  gramgrad stylize photo.jpg painting.jpg -o out.png --size 1024 --preset painterly\n"
    "      larger, and more of the painting\n"
    "  gramgrad stylize photo.jpg a.png b.png -o out.png --style-blend-weights 3,1\n"
    "      three parts of one style, one of another\n"
    "  gramgrad stylize photo.jpg painting.jpg -o out.png --preserve-color luminance\n"
    "      brush strokes in the photo's colours\n"
    "  gramgrad stylize photo.jpg painting.jpg --size 2048 --dry-run\n"
    "      what would be done, and how much memory it takes\n"
    "  gramgrad stylize --from-recipe out.png -o again.png --size 1024\n"
    "      a picture once more, larger\n"
    "\n"
    "Ctrl-C writes the picture so far. Transparency: the content picture's is kept, style\n"
    "pictures are laid over grey. PNG outputs carry the recipe that --from-recipe reads.";

struct CommandLine {
  StylizeArguments arguments;
  std::optional<Recipe> recipe;
};

int stylize_command(const CommandLine& line) {
  const StylizeArguments& arguments = line.arguments;
  StylizeJob job = prepare_job(arguments);
  if (line.recipe) {
    check_unchanged(*line.recipe, job.recipe);
    if (line.recipe->version != GRAMGRAD_VERSION) {
      job.warnings.push_back(
          fmt::format("the recipe is of version {} and this is {}: the picture may differ",
                      line.recipe->version, GRAMGRAD_VERSION));
    }
  }
  for (const std::string& warning : job.warnings) {
    if (!arguments.quiet) {
      fmt::print(stderr, "gramgrad: note: {}\n", warning);
    }
  }
  if (arguments.dry_run) {
    fmt::print("{}", arguments.json ? plan_json(job) + "\n" : plan_text(job));
    return 0;
  }
  return run_job(std::move(job));
}

// CLI11 applies options in the order in which they were added, not in which they were given: the
// recipe first, then presets, then what changes them.
void add_recipe(CLI::App& command, CommandLine& line) {
  command
      .add_option_function<std::string>(
          "--from-recipe",
          [&line](const std::string& path) {
            line.recipe = read_recipe(path);
            line.arguments = line.recipe->arguments;
          },
          "Run the recipe in that PNG file again, to the identical picture; other options change "
          "it.")
      ->type_name("FILE")
      ->take_last();
}

void add_pictures(CLI::App& command, CommandLine& line) {
  StylizeArguments& arguments = line.arguments;
  command
      .add_option_function<std::string>(
          "content", [&arguments](const std::string& path) { arguments.content = path; },
          "Picture to paint: PNG or JPEG.")
      ->type_name("CONTENT");
  command
      .add_option_function<std::vector<std::string>>(
          "style",
          [&arguments](const std::vector<std::string>& paths) { arguments.styles = paths; },
          "Picture to take the style from; several are blended.")
      ->type_name("STYLE...");
  command
      .add_option_function<std::string>(
          "-o,--output", [&arguments](const std::string& path) { arguments.output = path; },
          "Picture to write: .png, .jpg or .jpeg.")
      ->type_name("FILE")
      ->take_last();
}

void add_table(CLI::App& command, CommandLine& line) {
  const StylizeArguments defaults;
  for (const Option& option : stylize_options()) {
    command
        .add_option_function<std::string>(
            "--" + option.name,
            [&line, &option](const std::string& text) { set_option(line.arguments, option, text); },
            fmt::format("{} Default: {}.", option.help, option.format(defaults)))
        ->type_name(option.value)
        ->group(option.group)
        ->take_last();
  }
}

void add_flags(CLI::App& command, CommandLine& line) {
  StylizeArguments& arguments = line.arguments;
  const std::string group = "Machine and output";
  command.add_flag("--dry-run", arguments.dry_run, "Say what would be done, and stop.")
      ->group(group);
  command
      .add_flag("--json", arguments.json,
                "Report on stdout in lines of JSON: an event for each iteration, then one when "
                "done.")
      ->group(group);
  command.add_flag("--quiet,-q", arguments.quiet, "Report errors only.")->group(group);
}

}  // namespace

void add_stylize(CLI::App& program, Action& action) {
  CLI::App& command = *program.add_subcommand("stylize", "Paint a picture in the style of others.");
  command.footer(examples);
  const auto line = std::make_shared<CommandLine>();
  add_recipe(command, *line);
  add_pictures(command, *line);
  add_table(command, *line);
  add_flags(command, *line);
  command.callback([&action, line] { action = [line] { return stylize_command(*line); }; });
}

}  // namespace gramgrad::apps
