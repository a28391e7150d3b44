// Photograph in, hand mesh in millimetres out, with LiteRT's CompiledModel. docs/apps.md says how to build it.
//
//     val handMesh = HandMesh(context.assets)
//     val hand = handMesh.estimate(Photo(width, height, argb), Box(x, y, side), "left", Camera(fx, fy, u0, v0))
package org.tfhand.example

import android.content.res.AssetManager
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import kotlin.math.ceil
import kotlin.math.exp
import kotlin.math.floor
import kotlin.math.ln
import kotlin.math.max
import kotlin.math.min
import kotlin.math.sqrt
import org.json.JSONObject

// What `python -m export.metadata hand.tflite` says: input, hand_side, depth_axis ("crop"), bones, bone_proportions,
// default_scale_mm.
const val INPUT_SIZE = 160
const val HAND_SIDE = "right"
const val PADDING = 127.0 // grey beyond the photograph's borders, as in training
val BONES = intArrayOf(
    0, 1, 1, 2, 2, 3, 3, 4, 0, 5, 5, 6, 6, 7, 7, 8, 0, 9, 9, 10,
    10, 11, 11, 12, 0, 13, 13, 14, 14, 15, 15, 16, 0, 17, 17, 18, 18, 19, 19, 20,
)
val BONE_PROPORTIONS = doubleArrayOf(
    0.649785, 0.842831, 0.748827, 0.513765, 1.833715, 0.882759, 0.463180, 0.486711, 1.776028, 1.000000,
    0.560455, 0.473341, 1.710069, 0.904715, 0.507799, 0.480011, 1.674771, 0.723057, 0.313247, 0.364795,
)
const val DEFAULT_SCALE_MM = 45.0 // middle finger, MCP to PIP, of an average hand

/** Pixels as `Bitmap.getPixels` gives them: ARGB, row by row. */
class Photo(val width: Int, val height: Int, val argb: IntArray)

/** Square around the hand, pixels of the photograph; it may reach beyond it. */
data class Box(val x: Double, val y: Double, val side: Double)

/** Focal lengths and principal point, pixels. */
data class Camera(val fx: Double, val fy: Double, val u0: Double, val v0: Double)

/**
 * x, y, z of every point in mm, camera frame (x right, y down, z forward); all else 0..1: how sharply joints were seen,
 * that there is a hand, that it is one of the side that was looked for.
 */
class Hand(
    val verticesMm: FloatArray, val jointsMm: FloatArray, val jointConfidence: FloatArray, val confidence: Float,
    val presence: Float?, val knownSide: Float?,  // null where the weights do not tell
)

/** A loaded file. Not for two threads at once. */
class HandMesh(assets: AssetManager, fileName: String = "hand.tflite", threads: Int = 2) : AutoCloseable {
    private val model = CompiledModel.create(
        assets,
        fileName,
        CompiledModel.Options(Accelerator.CPU).apply { cpuOptions = CompiledModel.CpuOptions(numThreads = threads) },
    )
    private val inputs = mapOf("image" to model.createInputBuffer("image", SIGNATURE))
    private val outputs = OUTPUTS.associateWith { model.createOutputBuffer(it, SIGNATURE) }

    /** The hand of a side ("right" or "left") in a square of a photograph. */
    fun estimate(photo: Photo, box: Box, side: String, camera: Camera, scaleMm: Double = DEFAULT_SCALE_MM): Hand {
        require(side == "right" || side == "left") { "expected right or left, got $side" }
        val mirrored = side != HAND_SIDE
        inputs.getValue("image").writeInt8(crop(photo, box, mirrored))
        model.run(inputs, outputs, SIGNATURE)
        val answers = outputs.mapValues { it.value.readFloat() }
        val cropCamera = cropCamera(camera, box, mirrored)
        val joints = answers.getValue("joints_uvd")
        val rootDepthMm = scaleMm * rootDepthInScales(joints, cropCamera)
        return Hand(
            toMillimetres(answers.getValue("vertices_uvd"), cropCamera, rootDepthMm, scaleMm, mirrored),
            toMillimetres(joints, cropCamera, rootDepthMm, scaleMm, mirrored),
            answers.getValue("joint_confidence"),
            answers.getValue("confidence")[0],
            answers["presence"]?.get(0),
            answers["known_side"]?.get(0),
        )
    }

    override fun close() {
        (inputs.values + outputs.values).forEach { it.close() }
        model.close()
    }

    private companion object {
        const val SIGNATURE = "serving_default"

        // All of the file's: LiteRT runs nothing that lacks a buffer for one. Weights of your own may not give the last two.
        val OUTPUTS = listOf("vertices_uvd", "joints_uvd", "joint_confidence", "confidence", "presence", "known_side")
    }
}

/** One direction of a photograph in blocks: the first begins at pixel `origin`, each is `length` pixels long. */
private class Blocks(val origin: Double, val length: Double)

/**
 * Blocks over the part of a photograph that a box needs. They are a pixel long, or so many pixels that a much smaller
 * crop leaves none out.
 */
private fun blocksAlong(start: Double, side: Double, photoLength: Int): Blocks {
    val reduction = max(1, min(side / INPUT_SIZE, photoLength.toDouble()).toInt())
    val low = (floor(start).toInt() - 2 * reduction).coerceIn(0, photoLength - 1)
    val high = (ceil(start + side).toInt() + 2 * reduction).coerceIn(low + 1, photoLength)
    return Blocks(low.toDouble(), (high - low).toDouble() / max((high - low) / reduction, 1))
}

/** Mean of the block in a column and a row, in whole levels; grey beyond the photograph. */
private fun blockMean(photo: Photo, across: Blocks, down: Blocks, column: Int, row: Int, channel: Int): Double {
    val left = across.origin + column * across.length
    val right = left + across.length
    val top = down.origin + row * down.length
    val bottom = top + down.length
    if (left < 0 || top < 0 || right > photo.width + 1e-6 || bottom > photo.height + 1e-6) return PADDING
    var sum = 0.0
    for (y in top.toInt() until min(ceil(bottom).toInt(), photo.height)) {
        val height = min(y + 1.0, bottom) - max(y.toDouble(), top)
        for (x in left.toInt() until min(ceil(right).toInt(), photo.width)) {
            val width = min(x + 1.0, right) - max(x.toDouble(), left)
            sum += width * height * (photo.argb[y * photo.width + x] shr (16 - 8 * channel) and 255)
        }
    }
    return floor(sum / (across.length * down.length) + 0.5)
}

/**
 * The network's input, RGB, bilinear between blocks. Pixel coordinates are continuous: the first pixel covers 0..1, the
 * box exactly x..x + side.
 */
fun crop(photo: Photo, box: Box, mirrored: Boolean): ByteArray {
    val across = blocksAlong(box.x, box.side, photo.width)
    val down = blocksAlong(box.y, box.side, photo.height)
    val crop = ByteArray(3 * INPUT_SIZE * INPUT_SIZE)
    for (row in 0 until INPUT_SIZE) for (column in 0 until INPUT_SIZE) {
        val x = (box.x + (column + 0.5) * box.side / INPUT_SIZE - across.origin) / across.length - 0.5
        val y = (box.y + (row + 0.5) * box.side / INPUT_SIZE - down.origin) / down.length - 0.5
        val left = floor(x).toInt()
        val top = floor(y).toInt()
        val place = 3 * (row * INPUT_SIZE + if (mirrored) INPUT_SIZE - 1 - column else column)
        for (channel in 0 until 3) {
            fun at(dx: Int, dy: Int) = blockMean(photo, across, down, left + dx, top + dy, channel)
            val upper = at(0, 0) + (at(1, 0) - at(0, 0)) * (x - left)
            val lower = at(0, 1) + (at(1, 1) - at(0, 1)) * (x - left)
            crop[place + channel] = (upper + (lower - upper) * (y - top) + 0.5).toInt().toByte()
        }
    }
    return crop
}

/** Intrinsics of a crop whose sides have length 1, of its mirror image if asked. */
fun cropCamera(camera: Camera, box: Box, mirrored: Boolean): Camera {
    val u0 = (camera.u0 - box.x) / box.side
    return Camera(
        camera.fx / box.side, camera.fy / box.side, if (mirrored) 1 - u0 else u0, (camera.v0 - box.y) / box.side,
    )
}

/** From the camera to where the ray of u, v has a depth of 1. Depths run along the ray through the crop's middle. */
fun rayOf(u: Float, v: Float, cropCamera: Camera): DoubleArray {
    val x = (u - cropCamera.u0) / cropCamera.fx
    val y = (v - cropCamera.v0) / cropCamera.fy
    val ax = (0.5 - cropCamera.u0) / cropCamera.fx
    val ay = (0.5 - cropCamera.v0) / cropCamera.fy
    val depth = maxOf((1 + ax * x + ay * y) / sqrt(ax * ax + ay * ay + 1), 0.1) // wild points stay before the camera
    return doubleArrayOf(x / depth, y / depth, 1 / depth)
}

/** The wrist's depth, in hand scales, at which bones have the lengths of an average hand's. */
fun rootDepthInScales(jointsUvd: FloatArray, cropCamera: Camera): Double {
    fun point(joint: Int, depth: Double): DoubleArray {
        val ray = rayOf(jointsUvd[3 * joint], jointsUvd[3 * joint + 1], cropCamera)
        return DoubleArray(3) { ray[it] * (depth + jointsUvd[3 * joint + 2]) }
    }
    fun error(depth: Double) = BONE_PROPORTIONS.indices.sumOf { bone ->
        val start = point(BONES[2 * bone], depth)
        val end = point(BONES[2 * bone + 1], depth)
        val length = sqrt((0 until 3).sumOf { (end[it] - start[it]) * (end[it] - start[it]) })
        (length - BONE_PROPORTIONS[bone]) * (length - BONE_PROPORTIONS[bone])
    }
    val grid = 200
    var low = ln(1.5)
    var high = ln(400.0)
    var best = low
    repeat(4) { // each round searches between the last one's neighbours of the best
        val start = low
        val step = (high - low) / (grid - 1)
        best = (0 until grid).map { start + it * step }.minBy { error(exp(it)) }
        low = max(best - step, start)
        high = min(best + step, high)
    }
    return exp(best)
}

/** Crop coordinates to mm in the camera frame; points of a mirrored crop come out as the camera saw them. */
fun toMillimetres(
    uvd: FloatArray, cropCamera: Camera, rootDepthMm: Double, scaleMm: Double, mirrored: Boolean,
): FloatArray {
    val xyz = FloatArray(uvd.size)
    for (i in uvd.indices step 3) {
        val depth = uvd[i + 2] * scaleMm + rootDepthMm
        val (x, y, z) = rayOf(uvd[i], uvd[i + 1], cropCamera)
        xyz[i] = ((if (mirrored) -x else x) * depth).toFloat()
        xyz[i + 1] = (y * depth).toFloat()
        xyz[i + 2] = (z * depth).toFloat()
    }
    return xyz
}

/** Triangles out of the metadata (`export.metadata --out hand.json`); those of a mirrored hand are turned over. */
fun readFaces(json: String, mirrored: Boolean): IntArray {
    val faces = JSONObject(json).getJSONArray("faces")
    return IntArray(3 * faces.length()) {
        faces.getJSONArray(it / 3).getInt(if (mirrored && it % 3 > 0) 3 - it % 3 else it % 3)
    }
}
