// Binary glTF 2.0 of one triangle mesh, the same file as tfhand.mesh.glb writes.
// Reference: Khronos glTF 2.0 specification, sections 3.6 (buffers) and 4 (GLB).

const [GLB, JSON_CHUNK, BINARY_CHUNK] = [0x46546c67, 0x4e4f534a, 0x004e4942];
const [FLOAT, UNSIGNED_INT] = [5126, 5125];
const [ARRAY_BUFFER, ELEMENT_BUFFER] = [34962, 34963];
export const SKIN = [0.8, 0.6, 0.5];

/** (V, 3) unit normals, weighted by area. */
export function vertexNormals(positions, faces) {
  const normals = new Float32Array(positions.length);
  for (let f = 0; f < faces.length; f += 3) {
    const [a, b, c] = [3 * faces[f], 3 * faces[f + 1], 3 * faces[f + 2]];
    const edge = (from, to, axis) => positions[to + axis] - positions[from + axis];
    for (let axis = 0; axis < 3; axis++) {
      const [next, last] = [(axis + 1) % 3, (axis + 2) % 3];
      const value = edge(a, b, next) * edge(a, c, last) - edge(a, b, last) * edge(a, c, next);
      for (const corner of [a, b, c]) normals[corner + axis] += value;
    }
  }
  for (let i = 0; i < normals.length; i += 3) {
    const length = Math.hypot(normals[i], normals[i + 1], normals[i + 2]);
    if (length > 0) for (let axis = 0; axis < 3; axis++) normals[i + axis] /= length;
    else normals[i + 2] = 1;
  }
  return normals;
}

/**
 * @param verticesMm (V, 3) camera frame (x right, y down, z forward), mm.
 * @param faces (F, 3), counter-clockwise from outside.
 * @returns {ArrayBuffer} metres, y up, the hand as the camera saw it.
 */
export function toGlb(verticesMm, faces) {
  const positions = Float32Array.from(verticesMm, (value, i) => value * (i % 3 ? -1e-3 : 1e-3));
  const indices = Uint32Array.from(faces);
  const blocks = [positions, vertexNormals(positions, indices), indices];
  const offsets = blocks.map((_, i) => blocks.slice(0, i).reduce((sum, block) => sum + block.byteLength, 0));
  const length = offsets[2] + indices.byteLength;
  const text = new TextEncoder().encode(JSON.stringify(describe(positions, indices, blocks, offsets, length)));
  const padded = Math.ceil(text.length / 4) * 4;
  const file = new ArrayBuffer(28 + padded + length);
  const head = new DataView(file);
  const words = [GLB, 2, file.byteLength, padded, JSON_CHUNK];
  words.forEach((word, i) => head.setUint32(4 * i, word, true));
  head.setUint32(20 + padded, length, true);
  head.setUint32(24 + padded, BINARY_CHUNK, true);
  const bytes = new Uint8Array(file);
  bytes.fill(0x20, 20, 20 + padded);
  bytes.set(text, 20);
  blocks.forEach((block, i) => bytes.set(new Uint8Array(block.buffer), 28 + padded + offsets[i]));
  return file;
}

function describe(positions, indices, blocks, offsets, length) {
  const extreme = (pick, start) =>
    [0, 1, 2].map((axis) => {
      let value = start;
      for (let i = axis; i < positions.length; i += 3) value = pick(value, positions[i]);
      return value;
    });
  const count = positions.length / 3;
  return {
    asset: { version: "2.0", generator: "tfhand" },
    scene: 0,
    scenes: [{ nodes: [0] }],
    nodes: [{ mesh: 0, name: "hand" }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0, NORMAL: 1 }, indices: 2, material: 0 }] }],
    materials: [
      {
        pbrMetallicRoughness: { baseColorFactor: [...SKIN, 1], metallicFactor: 0, roughnessFactor: 0.7 },
        doubleSided: true,
      },
    ],
    accessors: [
      {
        bufferView: 0, componentType: FLOAT, count, type: "VEC3",
        min: extreme(Math.min, Infinity), max: extreme(Math.max, -Infinity),
      },
      { bufferView: 1, componentType: FLOAT, count, type: "VEC3" },
      { bufferView: 2, componentType: UNSIGNED_INT, count: indices.length, type: "SCALAR" },
    ],
    bufferViews: blocks.map((block, i) => ({
      buffer: 0, byteOffset: offsets[i], byteLength: block.byteLength,
      target: i < 2 ? ARRAY_BUFFER : ELEMENT_BUFFER,
    })),
    buffers: [{ byteLength: length }],
  };
}
