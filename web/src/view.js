// The hand in three.js: over the picture, or to turn around. Scene: metres, x right, y up, z towards the viewer.

import {
  AmbientLight, BufferAttribute, BufferGeometry, Color, CylinderGeometry, DirectionalLight, Group, InstancedMesh,
  Matrix4, Mesh, MeshLambertMaterial, PerspectiveCamera, Quaternion, Scene, SphereGeometry, Vector2, Vector3, WebGLRenderer,
} from "three";
import { OrbitControls } from "three/addons/controls/OrbitControls.js";

import { SKIN, vertexNormals } from "./glb.js";

const [JOINT_RADIUS, BONE_RADIUS] = [0.0045, 0.0022];
const UP = new Vector3(0, 1, 0);
const ONES = new Vector3(1, 1, 1);

/** How the hand can be drawn. */
export const STYLES = ["mesh", "wireframe", "joints"];

/** Columns of three.js' projection (16 numbers) for a camera {fx, fy, u0, v0} of width x height pixels. */
export function projection({ fx, fy, u0, v0 }, width, height, near = 0.01, far = 20) {
  return [
    (2 * fx) / width, 0, 0, 0,
    0, (2 * fy) / height, 0, 0,
    1 - (2 * u0) / width, (2 * v0) / height - 1, (near + far) / (near - far), -1,
    0, 0, (2 * near * far) / (near - far), 0,
  ];
}

export class HandView {
  #renderer;
  #scene = new Scene();
  #group = new Group();
  #camera = new PerspectiveCamera(35, 1, 0.01, 20);
  #controls = null;
  #skin;
  #spheres;
  #cylinders;
  #bones;
  #indices;

  /** @param {HTMLCanvasElement} canvas `hand`: hand.json. `orbit`: whether the view turns by mouse and touch. */
  constructor(canvas, hand, orbit) {
    const slow = drawnByProcessor();
    this.#renderer = new WebGLRenderer({ canvas, alpha: true, antialias: !slow });
    this.#renderer.setPixelRatio(slow ? 1 : Math.min(globalThis.devicePixelRatio, 2));
    this.#bones = hand.bones;
    this.#indices = windings(hand);
    this.#scene.add(this.#group, new AmbientLight(0xffffff, 0.5));
    for (const [x, y, z, strength] of [[-0.6, 1, 0.8, 1.7], [1, 0.2, 0.4, 0.6]]) {
      const light = new DirectionalLight(0xffffff, strength);
      light.position.set(x, y, z);
      this.#scene.add(light);
    }
    this.#buildSkin(hand.num_vertices);
    this.#buildSkeleton(hand);
    if (orbit) this.#buildOrbit(canvas);
    this.style = "mesh";
    this.clear();
  }

  #buildSkin(count) {
    const geometry = new BufferGeometry();
    for (const name of ["position", "normal"]) {
      geometry.setAttribute(name, new BufferAttribute(new Float32Array(3 * count), 3));
    }
    this.#skin = new Mesh(geometry, new MeshLambertMaterial({ color: new Color(...SKIN) }));
    this.#group.add(this.#skin);
  }

  #buildSkeleton(hand) {
    const material = new MeshLambertMaterial();
    this.#spheres = new InstancedMesh(new SphereGeometry(JOINT_RADIUS, 16, 12), material, hand.joint_names.length);
    this.#cylinders = new InstancedMesh(new CylinderGeometry(BONE_RADIUS, BONE_RADIUS, 1, 10), material, hand.bones.length);
    const colour = (joint) => new Color().setStyle(`rgb(${hand.joint_colours[joint].join()})`);
    hand.joint_colours.forEach((_, joint) => this.#spheres.setColorAt(joint, colour(joint)));
    hand.bones.forEach(([, end], bone) => this.#cylinders.setColorAt(bone, colour(end)));
    this.#group.add(this.#spheres, this.#cylinders);
  }

  #buildOrbit(canvas) {
    this.#controls = new OrbitControls(this.#camera, canvas);
    this.#controls.enablePan = false;
    [this.#controls.minDistance, this.#controls.maxDistance] = [0.15, 1.5];
    this.#controls.addEventListener("change", () => this.render());
    this.turnBack();
  }

  /** Puts the orbiting camera before the hand, a little to its side. */
  turnBack() {
    this.#camera.position.set(0.2, 0.09, 0.29);
    this.#controls.update();
  }

  /** @param {string} style one of `STYLES`. */
  set style(style) {
    this.#skin.visible = style !== "joints";
    this.#skin.material.wireframe = style === "wireframe";
    this.#spheres.visible = this.#cylinders.visible = style === "joints";
    this.render();
  }

  /** Looks as the picture's camera did. @param intrinsics {fx, fy, u0, v0} pixels of a picture of width x height. */
  setPicture(intrinsics, width, height) {
    this.#camera.projectionMatrix.fromArray(projection(intrinsics, width, height));
    this.#camera.projectionMatrixInverse.copy(this.#camera.projectionMatrix).invert();
  }

  /** Shows a hand of `HandEstimator`. */
  show({ verticesMm, jointsMm, side }) {
    const centre = this.#controls ? middle(jointsMm) : [0, 0, 0];
    const { geometry } = this.#skin;
    const { position, normal } = geometry.attributes;
    place(position.array, verticesMm, centre);
    const index = this.#indices[side];
    if (geometry.index !== index) geometry.setIndex(index);
    normal.array.set(vertexNormals(position.array, index.array));
    position.needsUpdate = normal.needsUpdate = true;
    geometry.computeBoundingSphere();
    this.#pose(jointsMm, centre);
    this.#group.visible = true;
    this.render();
  }

  #pose(jointsMm, centre) {
    const joints = place(new Float32Array(jointsMm.length), jointsMm, centre);
    const at = (joint) => new Vector3().fromArray(joints, 3 * joint);
    const matrix = new Matrix4();
    for (let joint = 0; joint < joints.length / 3; joint++) {
      this.#spheres.setMatrixAt(joint, matrix.makeTranslation(at(joint)));
    }
    this.#bones.forEach(([start, end], bone) => {
      const along = at(end).sub(at(start));
      const turn = new Quaternion().setFromUnitVectors(UP, along.clone().normalize());
      const size = ONES.clone().setY(along.length());
      this.#cylinders.setMatrixAt(bone, matrix.compose(at(start).addScaledVector(along, 0.5), turn, size));
    });
    for (const mesh of [this.#spheres, this.#cylinders]) {
      mesh.instanceMatrix.needsUpdate = true;
      mesh.computeBoundingSphere();
    }
  }

  /** Shows no hand. */
  clear() {
    this.#group.visible = false;
    this.render();
  }

  render() {
    const { clientWidth: width, clientHeight: height } = this.#renderer.domElement;
    if (!width || !height) return;
    const size = this.#renderer.getSize(new Vector2());
    if (size.x !== width || size.y !== height) {
      this.#renderer.setSize(width, height, false);
      if (this.#controls) {
        this.#camera.aspect = width / height;
        this.#camera.updateProjectionMatrix();
      }
    }
    this.#renderer.render(this.#scene, this.#camera);
  }

  /** What WebGL holds: {geometries, textures}, for tests of growth. */
  get memory() {
    return { ...this.#renderer.info.memory };
  }
}

/** Whether WebGL draws without a graphics processor; smooth edges would then take longer than the network. */
function drawnByProcessor() {
  const gl = document.createElement("canvas").getContext("webgl2");
  const info = gl?.getExtension("WEBGL_debug_renderer_info");
  const name = info ? gl.getParameter(info.UNMASKED_RENDERER_WEBGL) : "";
  gl?.getExtension("WEBGL_lose_context")?.loseContext();
  return /swiftshader|llvmpipe|software/i.test(name);
}

/** Faces as the network's hand has them, and the other way round for the other hand. */
export function windings(hand) {
  const faces = Uint32Array.from(hand.faces);
  const turned = faces.map((_, i) => faces[i - (i % 3) + (2 - (i % 3))]);
  const other = hand.hand_side === "right" ? "left" : "right";
  return { [hand.hand_side]: new BufferAttribute(faces, 1), [other]: new BufferAttribute(turned, 1) };
}

/** Camera frame, mm -> the scene's. */
function place(out, points, [x, y, z]) {
  for (let i = 0; i < points.length; i += 3) {
    out[i] = (points[i] - x) * 1e-3;
    out[i + 1] = (points[i + 1] - y) * -1e-3;
    out[i + 2] = (points[i + 2] - z) * -1e-3;
  }
  return out;
}

function middle(points) {
  const sum = [0, 0, 0];
  points.forEach((value, i) => (sum[i % 3] += value));
  return sum.map((value) => (value * 3) / points.length);
}
