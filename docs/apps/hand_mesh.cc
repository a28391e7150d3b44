// Photograph in, hand mesh in millimetres out, with LiteRT's C API. docs/apps.md says how to build it.
//
//     hand_mesh hand.tflite photo.ppm x y side right|left fx fy u0 v0 out.obj
//
// x, y, side: square around the hand; fx, fy, u0, v0: focal lengths and principal point; all in pixels. Prints the
// joints in mm, camera frame (x right, y down, z forward), and writes the mesh in the same frame.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "litert/c/litert_common.h"
#include "litert/c/litert_compiled_model.h"
#include "litert/c/litert_environment.h"
#include "litert/c/litert_model.h"
#include "litert/c/litert_options.h"
#include "litert/c/litert_tensor_buffer.h"

// What `python -m export.metadata hand.tflite` says: input, hand_side, depth_axis ("crop"), bones, bone_proportions,
// default_scale_mm.
constexpr int kInputSize = 160;
constexpr char kHandSide[] = "right";
constexpr int kPadding = 127;  // grey beyond the photograph's borders, as in training
constexpr int kBones[20][2] = {
    {0, 1},  {1, 2},   {2, 3},   {3, 4},   {0, 5},  {5, 6},   {6, 7},   {7, 8},   {0, 9},  {9, 10},
    {10, 11}, {11, 12}, {0, 13}, {13, 14}, {14, 15}, {15, 16}, {0, 17}, {17, 18}, {18, 19}, {19, 20}};
constexpr double kBoneProportions[20] = {
    0.649785, 0.842831, 0.748827, 0.513765, 1.833715, 0.882759, 0.463180, 0.486711, 1.776028, 1.000000,
    0.560455, 0.473341, 1.710069, 0.904715, 0.507799, 0.480011, 1.674771, 0.723057, 0.313247, 0.364795};
constexpr double kDefaultScaleMm = 45.0;  // middle finger, MCP to PIP, of an average hand

struct Photo { int width, height; std::vector<uint8_t> rgb; };
struct Box { double x, y, side; };
struct Camera { double fx, fy, u0, v0; };

[[noreturn]] void Fail(const std::string& message) {
  std::fprintf(stderr, "hand_mesh: %s\n", message.c_str());
  std::exit(1);
}

void Check(LiteRtStatus status, const std::string& what) {
  if (status != kLiteRtStatusOk) Fail(what + ": LiteRT status " + std::to_string(status));
}

// One direction of a photograph in blocks: the first begins at pixel `origin`, each is `length` pixels long.
struct Blocks { double origin, length; };

// Blocks over the part of a photograph that a box needs. They are a pixel long, or so many pixels that a much smaller
// crop leaves none out.
Blocks BlocksAlong(double start, double side, int photo_length) {
  const int reduction = std::max(1, int(std::min(side / kInputSize, double(photo_length))));
  const int low = std::clamp(int(std::floor(start)) - 2 * reduction, 0, photo_length - 1);
  const int high = std::clamp(int(std::ceil(start + side)) + 2 * reduction, low + 1, photo_length);
  return {double(low), double(high - low) / std::max((high - low) / reduction, 1)};
}

// Mean of the block in a column and a row, in whole levels; grey beyond the photograph.
double BlockMean(const Photo& photo, const Blocks& across, const Blocks& down, int column, int row, int channel) {
  const double left = across.origin + column * across.length, right = left + across.length;
  const double top = down.origin + row * down.length, bottom = top + down.length;
  if (left < 0 || top < 0 || right > photo.width + 1e-6 || bottom > photo.height + 1e-6) return kPadding;
  double sum = 0;
  for (int y = int(top); y < std::min(bottom, double(photo.height)); ++y) {
    const double height = std::min(y + 1.0, bottom) - std::max(double(y), top);
    for (int x = int(left); x < std::min(right, double(photo.width)); ++x) {
      const double width = std::min(x + 1.0, right) - std::max(double(x), left);
      sum += width * height * photo.rgb[3 * (y * photo.width + x) + channel];
    }
  }
  return std::floor(sum / (across.length * down.length) + 0.5);
}

// The network's input: bilinear between blocks. Pixel coordinates are continuous: the first pixel covers 0..1, the box
// exactly x..x + side.
std::vector<uint8_t> Crop(const Photo& photo, const Box& box, bool mirrored) {
  const Blocks across = BlocksAlong(box.x, box.side, photo.width), down = BlocksAlong(box.y, box.side, photo.height);
  std::vector<uint8_t> crop(3 * kInputSize * kInputSize);
  for (int row = 0; row < kInputSize; ++row) {
    for (int column = 0; column < kInputSize; ++column) {
      const double x = (box.x + (column + 0.5) * box.side / kInputSize - across.origin) / across.length - 0.5;
      const double y = (box.y + (row + 0.5) * box.side / kInputSize - down.origin) / down.length - 0.5;
      const int left = int(std::floor(x)), top = int(std::floor(y));
      for (int channel = 0; channel < 3; ++channel) {
        const auto at = [&](int dx, int dy) { return BlockMean(photo, across, down, left + dx, top + dy, channel); };
        const double upper = at(0, 0) + (at(1, 0) - at(0, 0)) * (x - left);
        const double lower = at(0, 1) + (at(1, 1) - at(0, 1)) * (x - left);
        const int place = row * kInputSize + (mirrored ? kInputSize - 1 - column : column);
        crop[3 * place + channel] = uint8_t(upper + (lower - upper) * (y - top) + 0.5);
      }
    }
  }
  return crop;
}

// Intrinsics of a crop whose sides have length 1, of its mirror image if asked.
Camera CropCamera(const Camera& camera, const Box& box, bool mirrored) {
  const double u0 = (camera.u0 - box.x) / box.side;
  return {camera.fx / box.side, camera.fy / box.side, mirrored ? 1 - u0 : u0, (camera.v0 - box.y) / box.side};
}

// From the camera to where the ray of u, v has a depth of 1. Depths run along the ray through the crop's middle.
std::array<double, 3> RayOf(double u, double v, const Camera& crop_camera) {
  const double x = (u - crop_camera.u0) / crop_camera.fx, y = (v - crop_camera.v0) / crop_camera.fy;
  const double ax = (0.5 - crop_camera.u0) / crop_camera.fx, ay = (0.5 - crop_camera.v0) / crop_camera.fy;
  const double depth = std::max((1 + ax * x + ay * y) / std::hypot(ax, ay, 1.0), 0.1);  // wild points stay before the camera
  return {x / depth, y / depth, 1 / depth};
}

// The wrist's depth, in hand scales, at which bones have the lengths of an average hand's.
double RootDepthInScales(const std::vector<float>& joints_uvd, const Camera& crop_camera) {
  const auto error = [&](double depth) {
    double sum = 0;
    for (int bone = 0; bone < 20; ++bone) {
      std::array<double, 3> ends[2];
      for (int end = 0; end < 2; ++end) {
        const float* uvd = &joints_uvd[3 * kBones[bone][end]];
        ends[end] = RayOf(uvd[0], uvd[1], crop_camera);
        for (double& value : ends[end]) value *= depth + uvd[2];
      }
      const double length = std::hypot(ends[1][0] - ends[0][0], ends[1][1] - ends[0][1], ends[1][2] - ends[0][2]);
      sum += (length - kBoneProportions[bone]) * (length - kBoneProportions[bone]);
    }
    return sum;
  };
  constexpr int kGrid = 200;
  double low = std::log(1.5), high = std::log(400.0), best = low;
  for (int round = 0; round < 4; ++round) {  // each round searches between the last one's neighbours of the best
    const double step = (high - low) / (kGrid - 1), start = low;
    double least = INFINITY;
    for (int index = 0; index < kGrid; ++index) {
      const double found = error(std::exp(start + index * step));
      if (found < least) least = found, best = start + index * step;
    }
    low = std::max(best - step, start), high = std::min(best + step, high);
  }
  return std::exp(best);
}

// Crop coordinates to millimetres in the camera frame; points of a mirrored crop come out as the camera saw them.
std::vector<float> ToMillimetres(const std::vector<float>& uvd, const Camera& crop_camera, double root_depth_mm,
                                 double scale_mm, bool mirrored) {
  std::vector<float> xyz(uvd.size());
  for (size_t i = 0; i < uvd.size(); i += 3) {
    const double depth = uvd[i + 2] * scale_mm + root_depth_mm;
    const auto ray = RayOf(uvd[i], uvd[i + 1], crop_camera);
    xyz[i] = float((mirrored ? -ray[0] : ray[0]) * depth);
    xyz[i + 1] = float(ray[1] * depth);
    xyz[i + 2] = float(ray[2] * depth);
  }
  return xyz;
}

// A loaded file; `Run` may be called for any number of crops.
class HandMesh {
 public:
  explicit HandMesh(const std::string& path) {
    Check(LiteRtCreateEnvironment(0, nullptr, &environment_), "environment");
    Check(LiteRtCreateModelFromFile(environment_, path.c_str(), &model_), path);
    Check(LiteRtCreateOptions(&options_), "options");
    Check(LiteRtSetOptionsHardwareAccelerators(options_, kLiteRtHwAcceleratorCpu), "options");
    Check(LiteRtCreateCompiledModel(environment_, model_, options_, &compiled_), path);
    LiteRtSignature signature;
    LiteRtParamIndex num_outputs;
    Check(LiteRtGetModelSignature(model_, 0, &signature), "signature");
    Check(LiteRtGetNumSignatureOutputs(signature, &num_outputs), "signature");
    LiteRtTensor tensor;
    LiteRtTensorBufferRequirements requirements;
    Check(LiteRtGetSignatureInputTensor(signature, "image", &tensor), "image");
    Check(LiteRtGetCompiledModelInputBufferRequirements(compiled_, 0, 0, &requirements), "image");
    input_ = CreateBuffer(tensor, requirements);
    for (LiteRtParamIndex index = 0; index < num_outputs; ++index) {
      const char* name;
      Check(LiteRtGetSignatureOutputName(signature, index, &name), "outputs");
      Check(LiteRtGetSignatureOutputTensorByIndex(signature, index, &tensor), name);
      Check(LiteRtGetCompiledModelOutputBufferRequirements(compiled_, 0, index, &requirements), name);
      names_.push_back(name);
      outputs_.push_back(CreateBuffer(tensor, requirements));
    }
  }

  ~HandMesh() {
    for (LiteRtTensorBuffer buffer : outputs_) LiteRtDestroyTensorBuffer(buffer);
    LiteRtDestroyTensorBuffer(input_);
    LiteRtDestroyCompiledModel(compiled_);
    LiteRtDestroyOptions(options_);
    LiteRtDestroyModel(model_);
    LiteRtDestroyEnvironment(environment_);
  }

  // All outputs of a crop by name: vertices_uvd, joints_uvd, joint_confidence, confidence; presence and known_side of
  // weights that tell.
  std::map<std::string, std::vector<float>> Run(const std::vector<uint8_t>& crop) {
    size_t size;
    void* memory;
    Check(LiteRtGetTensorBufferPackedSize(input_, &size), "image");
    if (size != crop.size()) Fail("kInputSize does not fit: the file's image has " + std::to_string(size) + " bytes");
    Check(LiteRtLockTensorBuffer(input_, &memory, kLiteRtTensorBufferLockModeWrite), "image");
    std::memcpy(memory, crop.data(), size);
    Check(LiteRtUnlockTensorBuffer(input_), "image");
    Check(LiteRtRunCompiledModel(compiled_, 0, 1, &input_, outputs_.size(), outputs_.data()), "run");
    std::map<std::string, std::vector<float>> answers;
    for (size_t index = 0; index < outputs_.size(); ++index) {
      Check(LiteRtGetTensorBufferPackedSize(outputs_[index], &size), names_[index]);
      Check(LiteRtLockTensorBuffer(outputs_[index], &memory, kLiteRtTensorBufferLockModeRead), names_[index]);
      const float* values = static_cast<const float*>(memory);
      answers[names_[index]].assign(values, values + size / sizeof(float));
      Check(LiteRtUnlockTensorBuffer(outputs_[index]), names_[index]);
    }
    return answers;
  }

  // Triangles, from the metadata in the file: "faces":[[a,b,c],...].
  std::vector<std::array<int, 3>> Faces() const {
    const void* content;
    size_t size;
    Check(LiteRtGetModelMetadata(model_, "tfhand-export-2", &content, &size), "metadata");
    const std::string text(static_cast<const char*>(content), size);
    std::vector<std::array<int, 3>> faces;
    const char* place = text.c_str() + text.find("\"faces\":[") + std::strlen("\"faces\":[");
    std::array<int, 3> face;
    int length;
    while (std::sscanf(place, "[%d,%d,%d]%n", &face[0], &face[1], &face[2], &length) == 3) {
      faces.push_back(face);
      place += length + 1;  // the comma, or the bracket that ends the list
    }
    return faces;
  }

 private:
  LiteRtTensorBuffer CreateBuffer(LiteRtTensor tensor, LiteRtTensorBufferRequirements requirements) const {
    LiteRtRankedTensorType type;
    LiteRtTensorBuffer buffer;
    Check(LiteRtGetRankedTensorType(tensor, &type), "buffer");
    Check(LiteRtCreateManagedTensorBufferFromRequirements(environment_, &type, requirements, &buffer), "buffer");
    return buffer;
  }

  LiteRtEnvironment environment_;
  LiteRtModel model_;
  LiteRtOptions options_;
  LiteRtCompiledModel compiled_;
  LiteRtTensorBuffer input_;
  std::vector<std::string> names_;
  std::vector<LiteRtTensorBuffer> outputs_;
};

Photo ReadPpm(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string magic;
  int largest = 0;
  Photo photo{0, 0, {}};
  file >> magic >> photo.width >> photo.height >> largest;
  if (!file || magic != "P6" || largest != 255) Fail(path + ": expected a PPM file (P6, 255, no comments)");
  file.get();
  photo.rgb.resize(size_t(3) * photo.width * photo.height);
  if (!file.read(reinterpret_cast<char*>(photo.rgb.data()), photo.rgb.size())) Fail(path + ": it ends too early");
  return photo;
}

int main(int argc, char** argv) {
  if (argc != 12) Fail("expected hand.tflite photo.ppm x y side right|left fx fy u0 v0 out.obj");
  const auto number = [&](int index) { return std::atof(argv[index]); };
  const Box box{number(3), number(4), number(5)};
  const std::string side = argv[6];
  if (side != "right" && side != "left") Fail("expected right or left, got " + side);
  for (int index : {5, 7, 8})
    if (!(number(index) > 0)) Fail(std::string("expected a positive number for side, fx and fy, got ") + argv[index]);
  const bool mirrored = side != kHandSide;
  const Camera crop_camera = CropCamera({number(7), number(8), number(9), number(10)}, box, mirrored);
  HandMesh network(argv[1]);
  auto answers = network.Run(Crop(ReadPpm(argv[2]), box, mirrored));
  const double root_depth_mm = kDefaultScaleMm * RootDepthInScales(answers["joints_uvd"], crop_camera);
  const auto joints = ToMillimetres(answers["joints_uvd"], crop_camera, root_depth_mm, kDefaultScaleMm, mirrored);
  const auto vertices = ToMillimetres(answers["vertices_uvd"], crop_camera, root_depth_mm, kDefaultScaleMm, mirrored);
  for (size_t i = 0; i < joints.size(); i += 3)
    std::printf("%.4f %.4f %.4f\n", joints[i], joints[i + 1], joints[i + 2]);
  std::fprintf(stderr, "confidence %.3f\n", answers["confidence"][0]);
  std::FILE* out = std::fopen(argv[11], "w");
  if (out == nullptr) Fail(std::string(argv[11]) + ": can't be written");
  for (size_t i = 0; i < vertices.size(); i += 3)
    std::fprintf(out, "v %.4f %.4f %.4f\n", vertices[i], vertices[i + 1], vertices[i + 2]);
  for (auto face : network.Faces()) {
    if (mirrored) std::swap(face[1], face[2]);  // triangles of a mirrored hand are seen from the other side
    std::fprintf(out, "f %d %d %d\n", face[0] + 1, face[1] + 1, face[2] + 1);
  }
  return std::fclose(out) == 0 ? 0 : 1;
}
