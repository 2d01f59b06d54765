// The program weights_converter as people run it: each command, each error.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "apps/support/image_file.h"
#include "nn/weights_file.h"
#include "tests/apps/picture_files.h"
#include "tests/apps/program.h"
#include "weights_converter/guard.h"

namespace gramgrad::converter {
namespace {

using apps::Outcome;
using apps::read_bytes;
using apps::write_bytes;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;
using Words = std::vector<std::string>;

const std::string data = std::string(GRAMGRAD_SOURCE_DIR) + "/tests/weights_converter/data/";
const std::string torchvision = data + "torchvision_vgg11.pth";
const std::string keras = data + "keras2_vgg16_notop.h5";

class ConverterCli : public testing::Test {
 protected:
  Outcome run(const Words& words, const char* program = GRAMGRAD_CONVERTER) const {
    Words all{program};
    all.insert(all.end(), words.begin(), words.end());
    return apps::Program(all, directory.path()).wait();
  }

  std::vector<std::string> files() const {
    std::vector<std::string> names = directory.names();
    std::erase_if(names, [](const std::string& name) { return name.starts_with(".std"); });
    return names;
  }

  // One line on stderr with that in it, exit code 2, and nothing written.
  void expect_error(const Words& words, const std::string& message) const {
    write_bytes(out, "old bytes");
    const std::vector<std::string> names = files();
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 2) << testing::PrintToString(words) << outcome.err;
    EXPECT_THAT(outcome.err, StartsWith("weights_converter: "));
    EXPECT_THAT(outcome.err, HasSubstr(message));
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(read_bytes(out), "old bytes");
    EXPECT_EQ(files(), names);
  }

  void expect_success(const Words& words, const std::string& message) const {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << testing::PrintToString(words) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(message));
  }

  apps::TemporaryDirectory directory;
  std::string out = directory / "out.ggw";
};

TEST_F(ConverterCli, ConvertVerifyShowExport) {
  expect_success({"convert", torchvision, "-o", out}, "vgg11 to relu5_2, f32");
  expect_success({"verify", out}, "golden activations of 8 layers come out");
  expect_success({"verify", out, "--against", torchvision, "--device", "reference"},
                 "all 16 tensors are what");
  expect_success({"show", out}, "conv5_2.weight");
  expect_success({"show", torchvision}, "features.0.weight");
  expect_success({"show", torchvision}, "vgg11, 8 convolutions, 2 to 16 channels");
  expect_success({"show", keras}, "keras-h5");
  const std::string exported = directory / "x.safetensors";
  expect_success({"export", out, "-o", exported}, "");
  const std::string again = directory / "again.ggw";
  expect_success({"convert", exported, "-o", again}, "vgg11 to relu5_2, f32");
  const auto first = nn::WeightsFile::open(out);
  const auto second = nn::WeightsFile::open(again);
  for (std::size_t i = 0; i < first.tensors().size(); ++i) {
    EXPECT_TRUE(std::ranges::equal(first.tensors()[i].data, second.tensors().at(i).data));
  }
}

TEST_F(ConverterCli, OptionsOfConvert) {
  expect_success({"convert", keras, "-o", out, "--dtype", "f16", "--upto", "relu4_1"},
                 "vgg16 to relu4_1, f16");
  expect_success({"convert", keras, "-o", out, "--architecture", "vgg16", "--feeding", "caffe"},
                 "vgg16 to relu5_3, f32");
  apps::Image image;
  image.width = image.height = 32;
  for (int i = 0; i < 32 * 32 * 3; ++i) {
    image.pixels.push_back(static_cast<float>(i * 7 % 256) / 255);
  }
  const std::string picture = directory / "picture.png";
  apps::write_image(picture, image);
  expect_success({"convert", keras, "-o", out, "--normalize-with", picture, picture},
                 "vgg16 to relu5_3, f32");
  const Outcome notes = run({"convert", keras, "-o", out});
  EXPECT_THAT(notes.err, HasSubstr("note: not a file that is known here"));
  EXPECT_THAT(notes.err, HasSubstr("note: it is not the published VGG16"));
}

// A file of each row of the table of sources, through the whole chain.
class StylizeTakes : public ConverterCli, public testing::WithParamInterface<const char*> {};

TEST_P(StylizeTakes, TheResult) {
  ASSERT_EQ(run({"convert", data + GetParam(), "-o", out}).code, 0);
  apps::Image image;
  image.width = image.height = 32;
  image.pixels.assign(32 * 32 * 3, 0.25F);
  for (std::size_t i = 0; i < image.pixels.size(); i += 5) {
    image.pixels[i] = 0.75F;
  }
  const std::string picture = directory / "picture.png";
  const std::string result = directory / "result.png";
  apps::write_image(picture, image);
  const Outcome styled =
      run({"stylize", picture, picture, "-o", result, "--weights", out, "--iterations", "2",
           "--content-layers", "relu4_1", "--device", "cpu"},
          GRAMGRAD_PROGRAM);
  EXPECT_EQ(styled.code, 0) << styled.err;
  EXPECT_EQ(apps::read_image(result).image.width, 32);
  const Outcome info = run({"info", out}, GRAMGRAD_PROGRAM);
  EXPECT_THAT(info.out, HasSubstr(std::filesystem::path(GetParam()).filename().string() + " ("));
}

INSTANTIATE_TEST_SUITE_P(
    Sources, StylizeTakes,
    testing::Values("torchvision_vgg11.pth", "torchvision_vgg19_bn.pth",
                    "torchvision_vgg16_stream.pth", "gatys_vgg_conv.pth",
                    "adain_vgg_normalised.pth", "keras2_vgg16_notop.h5", "keras3_vgg19.weights.h5",
                    "caffe_vgg19.caffemodel", "matconvnet_vgg19.mat", "matconvnet_vgg11_73.mat",
                    "machrisaa_vgg19.npy", "frossard_vgg16.npz", "torchvision_vgg13.safetensors",
                    "onnx_zoo_vgg11.onnx", "onnx_keras_vgg16.onnx", "tfjs_vgg16/model.json"),
    [](const testing::TestParamInfo<const char*>& instance) {
      std::string name = instance.param;
      std::replace_if(
          name.begin(), name.end(), [](char c) { return c == '.' || c == '/'; }, '_');
      return name;
    });

TEST_F(ConverterCli, Help) {
  for (const char* command : {"convert", "verify", "show", "fetch", "export"}) {
    const Outcome help = run({command, "--help"});
    EXPECT_EQ(help.code, 0);
    EXPECT_THAT(help.out, HasSubstr("Examples:")) << command;
  }
  EXPECT_THAT(run({"--help"}).out, HasSubstr("convert"));
  EXPECT_THAT(run({"--version"}).out, StartsWith("weights_converter "));
}

TEST_F(ConverterCli, WrongFiles) {
  const std::string bad = directory / "bad";
  expect_error({"convert", bad, "-o", out}, bad + ": cannot be opened");
  expect_error({"convert", directory.path(), "-o", out}, "is a directory");
  expect_error({"convert", "", "-o", out}, "the input path is empty");
  write_bytes(bad, "");
  expect_error({"convert", bad, "-o", out}, bad + ": the file is empty");
  write_bytes(bad, "<!DOCTYPE html><html></html>");
  expect_error({"convert", bad, "-o", out}, "HTML page");
  expect_error({"show", bad}, "HTML page");
  write_bytes(bad, "this is no weights file");
  expect_error({"convert", bad, "-o", out}, "is no weights file that can be read");
  for (const std::string& whole : {read_bytes(torchvision), read_bytes(keras)}) {
    for (const std::size_t parts : {1, 2, 3}) {
      write_bytes(bad, whole.substr(0, whole.size() * parts / 4));
      expect_error({"convert", bad, "-o", out}, bad + ": ");
    }
  }
}

TEST_F(ConverterCli, WrongOptions) {
  const Words convert{"convert", torchvision, "-o", out};
  const auto with = [&](const Words& more) {
    Words words = convert;
    words.insert(words.end(), more.begin(), more.end());
    return words;
  };
  expect_error(with({"--dtype", "f64"}), "--dtype: there is no 'f64'");
  expect_error(with({"--feeding", "kaffe"}),
               "--feeding: there is no 'kaffe'; did you mean 'caffe'?");
  expect_error(with({"--upto", "relu9_1"}), "relu9_1");
  expect_error(with({"--architecture", "vgg12"}), "\"vgg12\"");
  expect_error(with({"--normalize-with", directory / "no.png"}), "no.png: ");
  expect_error(with({"--dtyp", "f16"}), "did you mean '--dtype'?");
  expect_error({"convert", torchvision}, "--output");
  expect_error({"convert"}, "see `weights_converter convert --help`");
  expect_error({"konvert"}, "did you mean 'convert'?");
  expect_error({}, "say what to do");
  expect_error({"convert", torchvision, "-o", directory / "no/out.ggw"}, "does not exist");
  expect_error({"convert", torchvision, "-o", "/proc/out.ggw"}, "/proc/out.ggw: ");
  expect_error({"convert", torchvision, "-o", directory.path()}, "it is a directory");
  expect_error({"fetch", "vgg12"}, "vgg12");
}

TEST_F(ConverterCli, WrongResults) {
  const std::string good = directory / "good.ggw";
  ASSERT_EQ(run({"convert", torchvision, "-o", good}).code, 0);
  expect_error({"convert", good, "-o", out}, "is a gramgrad weights file already");
  expect_error({"verify", good, "--device", "gpu"}, "there is no 'gpu'");
  expect_error({"verify", good, "--against", data + "torchvision_vgg11_old.pth"},
               "was made of another file");
  expect_error({"verify", torchvision}, "is not a gramgrad weights file");
  expect_error({"export", good, "-o", directory / "x.h5"}, "exported as .safetensors or .npz");
  expect_error({"export", torchvision, "-o", directory / "x.npz"},
               "is not a gramgrad weights file");
  std::string damaged = read_bytes(good);
  damaged[damaged.size() - 9] ^= 1;
  write_bytes(good, damaged);
  expect_error({"verify", good}, "does not match its checksum");
}

TEST_F(ConverterCli, FullDisk) {
  write_bytes(out, "old bytes");
  const Words words{"/bin/sh",
                    "-c",
                    "trap '' XFSZ; ulimit -f 1; exec \"$@\"",
                    "sh",
                    GRAMGRAD_CONVERTER,
                    "convert",
                    torchvision,
                    "-o",
                    out};
  const Outcome outcome = apps::Program(words, directory.path()).wait();
  EXPECT_EQ(outcome.code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("out.ggw: cannot be written"));
  EXPECT_EQ(read_bytes(out), "old bytes");
  EXPECT_EQ(files(), std::vector<std::string>{"out.ggw"});
}

// A library that crashes on a file: one line, code 2, and nothing is left of what was being
// written.
TEST_F(ConverterCli, CrashOfAReader) {
  const auto die = [&](int signal) {
    testing::internal::CaptureStderr();
    const int code = run_guarded(
        [&] {
          write_bytes(fmt::format("{}/.gramgrad-{}-0.tmp", directory.path(), getpid()), "half");
          std::signal(signal, SIG_DFL);  // sanitizers catch it otherwise
          std::raise(signal);
          return 0;
        },
        "evil.h5", out);
    const std::string err = testing::internal::GetCapturedStderr();
    EXPECT_EQ(files(), std::vector<std::string>());
    return std::pair(code, err);
  };
  for (const int signal : {SIGSEGV, SIGABRT, SIGBUS}) {
    const auto [code, err] = die(signal);
    EXPECT_EQ(code, 2);
    EXPECT_THAT(err, StartsWith("weights_converter: evil.h5: cannot be read: "));
    EXPECT_EQ(std::count(err.begin(), err.end(), '\n'), 1) << err;
  }
  EXPECT_EQ(die(SIGINT), std::pair(128 + SIGINT, std::string()));
  EXPECT_EQ(run_guarded([] { return 7; }, "good.h5", out), 7);
}

}  // namespace
}  // namespace gramgrad::converter
