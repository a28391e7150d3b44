"use strict";
// Everything lies in the camera's frame: x right, y down, z forward, millimetres. Matrices are row-major 3 x 3 or,
// for OpenGL, column-major 4 x 4.
const hand = JSON.parse(document.getElementById("hand").textContent);
const bytes = text => Uint8Array.from(atob(text), letter => letter.charCodeAt(0)).buffer;
const vertices = new Float32Array(bytes(hand.vertices)), joints = new Float32Array(bytes(hand.joints));
const faces = new Uint32Array(bytes(hand.faces)), [width, height] = hand.size, [fx, fy, u0, v0] = hand.intrinsics;
const at = id => document.getElementById(id);

// ---- geometry ----
function normalsOf(points, triangles) {
  const normals = new Float32Array(points.length);
  for (let t = 0; t < triangles.length; t += 3) {
    const [a, b, c] = [0, 1, 2].map(corner => 3 * triangles[t + corner]);
    const edge = (from, to) => [0, 1, 2].map(axis => points[to + axis] - points[from + axis]);
    const [p, q] = [edge(a, b), edge(a, c)];
    const cross = [p[1] * q[2] - p[2] * q[1], p[2] * q[0] - p[0] * q[2], p[0] * q[1] - p[1] * q[0]];
    for (const corner of [a, b, c]) for (let axis = 0; axis < 3; axis++) normals[corner + axis] += cross[axis];
  }
  return normals;  // their lengths don't matter to the shader
}
function edgesOf(triangles) {
  const edges = new Map();
  for (let t = 0; t < triangles.length; t += 3) {
    for (const [a, b] of [[0, 1], [1, 2], [2, 0]]) {
      const pair = [triangles[t + a], triangles[t + b]].sort((one, other) => one - other);
      edges.set(pair.join(), pair);
    }
  }
  return [...edges.values()].flat();
}
const centre = [0, 0, 0];
let far = 0;
for (let i = 0; i < vertices.length; i++) centre[i % 3] += vertices[i] / (vertices.length / 3);
let radius = 0;
for (let i = 0; i < vertices.length; i += 3) {
  radius = Math.max(radius, Math.hypot(...centre.map((middle, axis) => vertices[i + axis] - middle)));
  far = Math.max(far, vertices[i + 2]);
}
// The photograph stands behind the hand, where each of its pixels lies on the ray that it saw.
const depth = far + 0.35 * radius;
const corner = (u, v) => [(u - u0) / fx * depth, (v - v0) / fy * depth, depth];
const plane = new Float32Array([[0, 0], [width, 0], [0, height], [width, height]].flatMap(([u, v]) => corner(u, v)));

// ---- the view ----
let turn = [1, 0, 0, 0, 1, 0, 0, 0, 1], zoom = 1, gliding = 0;
const times = (a, b) => a.map((_, i) => [0, 1, 2].reduce((sum, k) => sum + a[3 * Math.floor(i / 3) + k] * b[3 * k + i % 3], 0));
function rotation(degX, degY) {
  const [a, b] = [degX, degY].map(degrees => degrees * Math.PI / 180);
  const about_y = [Math.cos(b), 0, Math.sin(b), 0, 1, 0, -Math.sin(b), 0, Math.cos(b)];
  return times([1, 0, 0, 0, Math.cos(a), -Math.sin(a), 0, Math.sin(a), Math.cos(a)], about_y);
}
function orthonormal(m) {
  const unit = v => { const length = Math.hypot(...v); return v.map(x => x / length); };
  const x = unit(m.slice(0, 3)), dot = x.reduce((sum, value, i) => sum + value * m[3 + i], 0);
  const y = unit(x.map((value, i) => m[3 + i] - dot * value));
  return [...x, ...y, x[1] * y[2] - x[2] * y[1], x[2] * y[0] - x[0] * y[2], x[0] * y[1] - x[1] * y[0]];
}
// Where a point of the camera's frame comes to lie once the hand is turned about its middle. The turned hand is pushed
// off a little where it would reach the eye.
const push = Math.max(0, 2.2 * radius - centre[2]);
function place(points, i) {
  const d = centre.map((middle, axis) => points[i + axis] - middle);
  return [0, 1, 2].map(row => turn[3 * row] * d[0] + turn[3 * row + 1] * d[1] + turn[3 * row + 2] * d[2] + centre[row]
                             + (row === 2 ? push : 0));
}
// Pixels of the photograph to those of the window.
const scale = () => zoom * Math.min(innerWidth / width, innerHeight / height) * 0.8;
const toWindow = ([x, y, z]) => [
  innerWidth / 2 + scale() * (fx * x / z + u0 - width / 2), innerHeight / 2 + scale() * (fy * y / z + v0 - height / 2)];
function matrix() {
  const s = scale(), [near, away] = [Math.max(10, 0.05 * centre[2]), 4 * depth + 10 * radius];
  const clip = [
    [2 * s * fx / innerWidth, 0, 2 * s * (u0 - width / 2) / innerWidth, 0],
    [0, -2 * s * fy / innerHeight, -2 * s * (v0 - height / 2) / innerHeight, 0],
    [0, 0, (away + near) / (away - near), -2 * away * near / (away - near)], [0, 0, 1, 0]];
  const move = [0, 1, 2].map(row => {
    const r = turn.slice(3 * row, 3 * row + 3);
    return [...r, centre[row] + (row === 2 ? push : 0) - r.reduce((sum, value, i) => sum + value * centre[i], 0)];
  });
  move.push([0, 0, 0, 1]);
  const whole = clip.map(row => [0, 1, 2, 3].map(k => row.reduce((sum, value, i) => sum + value * move[i][k], 0)));
  const columns = rows => [0, 1, 2, 3].flatMap(k => rows.map(row => row[k]));
  return [columns(whole), columns(move)];
}
