// Whatever is wrong with files and options: one line that says so, exit code 2, nothing written.
#include <gtest/gtest.h>

#include <filesystem>

#include "nn/networks/embedded.h"
#include "tests/apps/cli_fixture.h"

namespace gramgrad::apps {
namespace {

// IHDR of 8-bit RGB.
std::string png_header(std::uint32_t width, std::uint32_t height) {
  std::string header = big_endian(width, 4);
  header += big_endian(height, 4);
  for (const char byte : {8, 2, 0, 0, 0}) {
    header += byte;
  }
  return header;
}

class BadInput : public Cli {
 protected:
  void expect_picture_error(const std::string& bytes, const std::string& message) const {
    const std::string bad = directory / "bad.png";
    write_bytes(bad, bytes);
    expect_error({"stylize", bad, style, "-o", out}, message);
    expect_error({"stylize", content, bad, "-o", out}, message);
    expect_error({"stylize", content, style, "-o", out, "--init", bad}, message);
  }
};

TEST_F(BadInput, Pictures) {
  const std::string bad = directory / "bad.png";
  expect_error({"stylize", directory / "missing.png", style, "-o", out}, "missing.png: ");
  expect_error({"stylize", directory.path(), style, "-o", out}, directory.path() + ": ");
  expect_picture_error("", bad + ": ");
  const std::string whole = read_bytes(content);
  expect_picture_error(whole.substr(0, whole.size() / 2), bad + ": ");
  expect_picture_error("this is no picture\n", bad + ": is not a PNG or JPEG picture");
  const auto headed = [](std::uint32_t width, std::uint32_t height) {
    return png_file({{"IHDR", png_header(width, height)}, {"IDAT", deflate("")}, {"IEND", ""}});
  };
  expect_picture_error(headed(4'000'000, 4'000'000), bad + ": ");
  expect_picture_error(headed(0, 10), bad + ": ");
}

TEST_F(BadInput, FileNamesWithLineEnds) {
  expect_error({"stylize", directory / "a\nb\x1b[2Jc.png", style, "-o", out}, "a b [2Jc.png");
}

TEST_F(BadInput, TinyPictures) {
  const std::string tiny = directory / "tiny.png";
  write_image(tiny, constant_picture(1, 1, 0.5F, 0.5F, 0.5F));
  expect_error({"stylize", tiny, style, "-o", out}, "1x1 pixels are too few for layer relu4_2");
  write_image(tiny, test_picture(7, 5, 0));
  expect_error({"stylize", tiny, style, "-o", out}, "7x5 pixels are too few for layer relu4_2");
  expect_error({"stylize", tiny, style, "-o", out, "--size", "1"}, "1x1 pixels are too few");
  // The style is brought to the longer side of the result, so what matters is its shape.
  write_image(tiny, test_picture(60, 2, 0));
  expect_error({"stylize", content, tiny, "-o", out}, "40x1 pixels are too few for layer relu4_1");
  expect_error(stylize(out, {"--scales", "4"}), "coarsest of 4 scales");
}

TEST_F(BadInput, TinyPicturesCanBeEnlarged) {
  const std::string tiny = directory / "tiny.png";
  write_image(tiny, test_picture(7, 5, 0));
  const Outcome outcome =
      run({"stylize", tiny, style, "-o", out, "--size", "40", "--iterations", "1"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

TEST_F(BadInput, Outputs) {
  const Words inputs{"stylize", content, style};
  const auto to = [&](const std::string& path) {
    return Words{"stylize", content, style, "-o", path, "--iterations", "1"};
  };
  expect_error(inputs, "needs an output file");
  expect_error(to(directory / "out.gif"), "pictures are written as .png, .jpg or .jpeg");
  expect_error(to(directory / "out"), "pictures are written as");
  expect_error(to(directory / "no/such/out.png"), "does not exist");
  expect_error(to("/proc/out.png"), "/proc/out.png: cannot be written");
  std::filesystem::create_directory(directory / "folder.png");
  expect_error(to(directory / "folder.png"), "it is a directory");
  expect_error(to(content), "is an input picture");
}

TEST_F(BadInput, FullDisk) {
  write_bytes(out, "old bytes");
  // Files of 512 bytes (or a kilobyte, in some shells) at most.
  Words words{"/bin/sh", "-c", "trap '' XFSZ; ulimit -f 1; exec \"$@\"", "sh"};
  for (const std::string& word : command(out, {"--quiet"})) {
    words.push_back(word);
  }
  const std::vector<std::string> before = files();
  const Outcome outcome = Program(words, directory.path()).wait();
  EXPECT_EQ(outcome.code, 2) << outcome.err;
  EXPECT_THAT(outcome.err, testing::HasSubstr("out.png: cannot be written"));
  EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  EXPECT_EQ(read_bytes(out), "old bytes");
  EXPECT_EQ(files(), before);
}

TEST_F(BadInput, FullStandardOutput) {
  for (const char* command : {"man", "devices"}) {
    const Words words{"/bin/sh", "-c", "exec \"$@\" > /dev/full", "sh", GRAMGRAD_PROGRAM, command};
    const Outcome outcome = Program(words, directory.path()).wait();
    EXPECT_EQ(outcome.code, 2) << command;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
  }
}

TEST_F(BadInput, Options) {
  const std::vector<std::pair<Words, std::string>> cases{
      {{"--size", "0"}, "--size: 0 is out of range"},
      {{"--size", "-5"}, "--size: -5 is out of range"},
      {{"--size", "99999999999999999999"}, "--size: 99999999999999999999 is out of range"},
      {{"--size", "64k"}, "--size: '64k' is not a whole number"},
      {{"--size", "65000"}, "65000"},
      {{"--scales", "17"}, "--scales: 17 is out of range"},
      {{"--iterations", "0"}, "--iterations: 0 is out of range"},
      {{"--iterations", "1,2,3", "--scales", "2"}, "3 numbers of iterations for 2 scales"},
      {{"--iterations", "5,"}, "--iterations: '5,' is not a list"},
      {{"--content-weight", "-1"}, "--content-weight: -1 is out of range"},
      {{"--content-weight", "nan"}, "--content-weight: 'nan' is not a number"},
      {{"--style-weight", "1e300"}, "--style-weight: 1e300 is out of range"},
      {{"--style-weight", "inf"}, "--style-weight: 'inf' is not a number"},
      {{"--tv-weight", ""}, "--tv-weight: '' is not a number"},
      {{"--content-weight", "0", "--style-weight", "0"}, "there is nothing to do"},
      {{"--content-layers", "relu4_22"}, "did you mean 'relu4_2'?"},
      {{"--content-layers", "relu4_2,relu4_2"}, "listed twice"},
      {{"--content-layers", "relu4_2=0"}, "--content-layers: all of them have weight 0"},
      {{"--style-layers", "rel1_1=x"}, "'x' is not a number"},
      {{"--style-layers", "relu5_3"}, "--weights FILE"},
      {{"--style-loss", "gramm"}, "did you mean 'gram'?"},
      {{"--style-loss", "gram:normalisation=hw"}, "did you mean 'normalization'?"},
      {{"--style-blend-weights", "1,2"}, "--style-blend-weights: 2 for 1 style picture"},
      {{"--style-blend-weights", "0"}, "they sum to 0"},
      {{"--style-scale", "0"}, "--style-scale: 0 is out of range"},
      {{"--pooling", "average"}, "did you mean 'avg'?"},
      {{"--optimizer", "lbgfs"}, "did you mean 'lbfgs'?"},
      {{"--learning-rate", "0"}, "--learning-rate: 0 is out of range"},
      {{"--history", "0"}, "--history: 0 is out of range"},
      {{"--preset", "balansed"}, "did you mean 'balanced'?"},
      {{"--preserve-color", "yes"}, "--preserve-color: there is no 'yes'"},
      {{"--seed", "-1"}, "--seed: '-1' is not a whole number"},
      {{"--threads", "-1"}, "--threads: -1 is out of range"},
      {{"--bits", "12"}, "--bits: there is no '12'"},
      {{"--device", "gpu"}, "--device: there is no 'gpu'"},
      {{"--device", "cuda:99"}, ""},
      {{"--device", "cuda:x"}, "'x' is not a whole number"},
      {{"--device", "cpu", "--precision", "f64"}, "the device cpu does not compute in f64"},
      {{"--device", "cpu", "--precision", "tf32"}, "the device cpu does not compute in tf32"},
      {{"--device", "reference", "--precision", "tf32"}, "does not compute in tf32"},
      {{"--device", "reference", "--precision", "mixed"}, "mixed and bf16 with --device cpu"},
      {{"--weights", "missing.ggw"}, "missing.ggw: "},
      {{"--sise", "64"}, "there is no option '--sise'; did you mean '--size'?"},
      {{"--size"}, "--size"},
  };
  for (const auto& [words, message] : cases) {
    expect_error(stylize(out, words), message);
  }
}

TEST_F(BadInput, CommandLines) {
  expect_error({}, "say what to do");
  expect_error({"stylise"}, "did you mean 'stylize'?");
  expect_error({"--versoin"}, "did you mean '--version'?");
  expect_error({"stylize"}, "needs a content picture");
  expect_error({"stylize", content, "-o", out}, "at least one style picture");
  expect_error({"devices", "cpu"}, "'cpu' is one argument too many");
  expect_error({"samples"}, "directory");
  expect_error({"samples", out + "/x"}, "cannot be created");
  expect_error({"samples", directory / "s", "--size", "0"}, "--size: 0 is out of range");
  expect_error({"completion", "tcsh"}, "there is no 'tcsh'");
  expect_error({"info", directory / "missing.ggw"}, "missing.ggw: ");
}

TEST_F(BadInput, NoGpu) {
  const Outcome devices = run({"devices"});
  if (devices.out.find("cuda:0     available") != std::string::npos) {
    GTEST_SKIP() << "there is a GPU here";
  }
  expect_error(stylize(out, {"--device", "cuda"}), "install");
}

// The whole sweep is weights_test's; here, that the program passes errors on.
TEST_F(BadInput, DamagedWeights) {
  const std::span<const std::byte> embedded = nn::embedded_vgg16();
  const std::string whole(reinterpret_cast<const char*>(embedded.data()), embedded.size());
  const std::string path = directory / "bad.ggw";
  const auto expect_refused = [&](const std::string& bytes) {
    write_bytes(path, bytes);
    expect_error(stylize(out, {"--weights", path}), path + ": ");
    expect_error({"info", path}, path + ": ");
  };
  expect_refused("");
  expect_refused(whole.substr(0, 20));
  expect_refused(whole.substr(0, whole.size() - 97));
  for (const std::size_t position : {std::size_t{0}, std::size_t{100}, whole.size() / 2}) {
    std::string flipped = whole;
    flipped[position] = static_cast<char>(flipped[position] ^ 0x10);
    expect_refused(flipped);
  }
  expect_refused(read_bytes(content));
  write_bytes(path, whole);
  EXPECT_EQ(run(stylize(out, {"--weights", path})).code, 0);
}

}  // namespace
}  // namespace gramgrad::apps
