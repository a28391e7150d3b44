// Photograph in, hand mesh in millimetres out, with TensorFlowLiteSwift. docs/apps.md says how to build it.
//
//     let handMesh = try HandMesh(path: Bundle.main.path(forResource: "hand", ofType: "tflite")!)
//     let hand = try handMesh.estimate(photo, box: box, side: "left", camera: camera)
import Foundation
import TensorFlowLite

// What `python -m export.metadata hand.tflite` says: input, hand_side, depth_axis ("crop"), bones, bone_proportions,
// default_scale_mm.
let inputSize = 160
let handSide = "right"
let padding = 127.0  // grey beyond the photograph's borders, as in training
let bones: [(Int, Int)] = [
    (0, 1), (1, 2), (2, 3), (3, 4), (0, 5), (5, 6), (6, 7), (7, 8), (0, 9), (9, 10),
    (10, 11), (11, 12), (0, 13), (13, 14), (14, 15), (15, 16), (0, 17), (17, 18), (18, 19), (19, 20),
]
let boneProportions = [
    0.649785, 0.842831, 0.748827, 0.513765, 1.833715, 0.882759, 0.463180, 0.486711, 1.776028, 1.000000,
    0.560455, 0.473341, 1.710069, 0.904715, 0.507799, 0.480011, 1.674771, 0.723057, 0.313247, 0.364795,
]
let defaultScaleMm = 45.0  // middle finger, MCP to PIP, of an average hand

/// RGBA bytes, row by row.
struct Photo { let width: Int, height: Int, rgba: [UInt8] }

/// Square around the hand, pixels of the photograph; it may reach beyond it.
struct Box { let x: Double, y: Double, side: Double }

/// Focal lengths and principal point, pixels.
struct Camera { let fx: Double, fy: Double, u0: Double, v0: Double }

/// x, y, z of every point in mm, camera frame (x right, y down, z forward); all else 0..1: how sharply joints were seen,
/// that there is a hand, that it is one of the side that was looked for.
struct Hand {
    let verticesMm: [Float], jointsMm: [Float], jointConfidence: [Float], confidence: Float
    let presence: Float?, knownSide: Float?  // nil where the weights do not tell
}

/// A loaded file. Not for two threads at once.
final class HandMesh {
    private let runner: SignatureRunner

    init(path: String, threads: Int = 2) throws {
        var options = Interpreter.Options()
        options.threadCount = threads
        options.isXNNPackEnabled = true
        runner = try Interpreter(modelPath: path, options: options).signatureRunner(with: "serving_default")
    }

    /// The hand of a side ("right" or "left") in a square of a photograph.
    func estimate(
        _ photo: Photo, box: Box, side: String, camera: Camera, scaleMm: Double = defaultScaleMm
    ) throws -> Hand {
        precondition(side == "right" || side == "left", "expected right or left, got \(side)")
        let mirrored = side != handSide
        try runner.invoke(with: ["image": Data(crop(photo, box, mirrored))])
        let joints = try output("joints_uvd")
        let camera = cropCamera(camera, box, mirrored)
        let rootDepthMm = scaleMm * rootDepthInScales(joints, camera)
        return Hand(
            verticesMm: toMillimetres(try output("vertices_uvd"), camera, rootDepthMm, scaleMm, mirrored),
            jointsMm: toMillimetres(joints, camera, rootDepthMm, scaleMm, mirrored),
            jointConfidence: try output("joint_confidence"),
            confidence: try output("confidence")[0],
            presence: try? output("presence")[0],
            knownSide: try? output("known_side")[0])
    }

    private func output(_ name: String) throws -> [Float] {
        try runner.output(named: name).data.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
    }
}

/// One direction of a photograph in blocks: the first begins at pixel `origin`, each is `length` pixels long.
private struct Blocks { let origin: Double, length: Double }

/// Blocks over the part of a photograph that a box needs. They are a pixel long, or so many pixels that a much smaller
/// crop leaves none out.
private func blocksAlong(_ start: Double, _ side: Double, _ photoLength: Int) -> Blocks {
    let reduction = max(1, Int(min(side / Double(inputSize), Double(photoLength))))
    let low = min(max(Int(floor(start)) - 2 * reduction, 0), photoLength - 1)
    let high = min(max(Int(ceil(start + side)) + 2 * reduction, low + 1), photoLength)
    return Blocks(origin: Double(low), length: Double(high - low) / Double(max((high - low) / reduction, 1)))
}

/// Mean of the block in a column and a row, in whole levels; grey beyond the photograph.
private func blockMean(
    _ photo: Photo, _ across: Blocks, _ down: Blocks, _ column: Int, _ row: Int, _ channel: Int
) -> Double {
    let left = across.origin + Double(column) * across.length
    let right = left + across.length
    let top = down.origin + Double(row) * down.length
    let bottom = top + down.length
    if left < 0 || top < 0 || right > Double(photo.width) + 1e-6 || bottom > Double(photo.height) + 1e-6 {
        return padding
    }
    var sum = 0.0
    for y in Int(top)..<min(Int(ceil(bottom)), photo.height) {
        let height = min(Double(y + 1), bottom) - max(Double(y), top)
        for x in Int(left)..<min(Int(ceil(right)), photo.width) {
            let width = min(Double(x + 1), right) - max(Double(x), left)
            sum += width * height * Double(photo.rgba[4 * (y * photo.width + x) + channel])
        }
    }
    return floor(sum / (across.length * down.length) + 0.5)
}

/// The network's input, RGB, bilinear between blocks. Pixel coordinates are continuous: the first pixel covers 0..1,
/// the box exactly x..x + side.
func crop(_ photo: Photo, _ box: Box, _ mirrored: Bool) -> [UInt8] {
    let across = blocksAlong(box.x, box.side, photo.width)
    let down = blocksAlong(box.y, box.side, photo.height)
    let step = box.side / Double(inputSize)
    var crop = [UInt8](repeating: 0, count: 3 * inputSize * inputSize)
    for row in 0..<inputSize {
        for column in 0..<inputSize {
            let x = (box.x + (Double(column) + 0.5) * step - across.origin) / across.length - 0.5
            let y = (box.y + (Double(row) + 0.5) * step - down.origin) / down.length - 0.5
            let left = Int(floor(x))
            let top = Int(floor(y))
            let place = 3 * (row * inputSize + (mirrored ? inputSize - 1 - column : column))
            for channel in 0..<3 {
                func at(_ dx: Int, _ dy: Int) -> Double {
                    blockMean(photo, across, down, left + dx, top + dy, channel)
                }
                let upper = at(0, 0) + (at(1, 0) - at(0, 0)) * (x - Double(left))
                let lower = at(0, 1) + (at(1, 1) - at(0, 1)) * (x - Double(left))
                crop[place + channel] = UInt8(upper + (lower - upper) * (y - Double(top)) + 0.5)
            }
        }
    }
    return crop
}

/// Intrinsics of a crop whose sides have length 1, of its mirror image if asked.
func cropCamera(_ camera: Camera, _ box: Box, _ mirrored: Bool) -> Camera {
    let u0 = (camera.u0 - box.x) / box.side
    let v0 = (camera.v0 - box.y) / box.side
    return Camera(fx: camera.fx / box.side, fy: camera.fy / box.side, u0: mirrored ? 1 - u0 : u0, v0: v0)
}

/// From the camera to where the ray of u, v has a depth of 1. Depths run along the ray through the crop's middle.
func rayOf(_ u: Float, _ v: Float, _ cropCamera: Camera) -> [Double] {
    let (x, y) = ((Double(u) - cropCamera.u0) / cropCamera.fx, (Double(v) - cropCamera.v0) / cropCamera.fy)
    let (ax, ay) = ((0.5 - cropCamera.u0) / cropCamera.fx, (0.5 - cropCamera.v0) / cropCamera.fy)
    let depth = max((1 + ax * x + ay * y) / (ax * ax + ay * ay + 1).squareRoot(), 0.1)  // wild points stay before the camera
    return [x / depth, y / depth, 1 / depth]
}

/// The wrist's depth, in hand scales, at which bones have the lengths of an average hand's.
func rootDepthInScales(_ jointsUvd: [Float], _ cropCamera: Camera) -> Double {
    func point(_ joint: Int, _ depth: Double) -> [Double] {
        let ray = rayOf(jointsUvd[3 * joint], jointsUvd[3 * joint + 1], cropCamera)
        return ray.map { $0 * (depth + Double(jointsUvd[3 * joint + 2])) }
    }
    func error(_ depth: Double) -> Double {
        var sum = 0.0
        for (bone, proportion) in zip(bones, boneProportions) {
            let (start, end) = (point(bone.0, depth), point(bone.1, depth))
            var square = 0.0
            for axis in 0..<3 { square += (end[axis] - start[axis]) * (end[axis] - start[axis]) }
            sum += (square.squareRoot() - proportion) * (square.squareRoot() - proportion)
        }
        return sum
    }
    let grid = 200
    var (low, high) = (log(1.5), log(400.0))
    var best = low
    for _ in 0..<4 {  // each round searches between the last one's neighbours of the best
        let (start, step) = (low, (high - low) / Double(grid - 1))
        var least = Double.infinity
        for index in 0..<grid {
            let place = start + Double(index) * step
            let found = error(exp(place))
            if found < least { (least, best) = (found, place) }
        }
        (low, high) = (max(best - step, start), min(best + step, high))
    }
    return exp(best)
}

/// Crop coordinates to mm in the camera frame; points of a mirrored crop come out as the camera saw them.
func toMillimetres(
    _ uvd: [Float], _ cropCamera: Camera, _ rootDepthMm: Double, _ scaleMm: Double, _ mirrored: Bool
) -> [Float] {
    var xyz = uvd
    for i in stride(from: 0, to: uvd.count, by: 3) {
        let depth = Double(uvd[i + 2]) * scaleMm + rootDepthMm
        let ray = rayOf(uvd[i], uvd[i + 1], cropCamera)
        xyz[i] = Float((mirrored ? -ray[0] : ray[0]) * depth)
        xyz[i + 1] = Float(ray[1] * depth)
        xyz[i + 2] = Float(ray[2] * depth)
    }
    return xyz
}

/// Triangles out of the metadata (`export.metadata --out hand.json`); those of a mirrored hand are turned over.
func readFaces(_ json: Data, mirrored: Bool) throws -> [[Int]] {
    struct Metadata: Decodable { let faces: [[Int]] }
    let faces = try JSONDecoder().decode(Metadata.self, from: json).faces
    return mirrored ? faces.map { [$0[0], $0[2], $0[1]] } : faces
}
