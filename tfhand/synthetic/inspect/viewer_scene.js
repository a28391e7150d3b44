// ---- WebGL ----
const scene = at("scene"), gl = scene.getContext("webgl", { antialias: true, alpha: false });
if (!gl) at("hint").textContent = "this browser has no WebGL: the photograph and the joints are all it can show";
const VERTEX = `
attribute vec3 position, normal;
attribute vec2 texture;
uniform mat4 whole, move;
varying vec3 point, out_of;
varying vec2 where;
void main() {
  gl_Position = whole * vec4(position, 1.0);
  point = (move * vec4(position, 1.0)).xyz;
  out_of = mat3(move[0].xyz, move[1].xyz, move[2].xyz) * normal;
  where = texture;
}`;
const FRAGMENT = `
precision highp float;
varying vec3 point, out_of;
varying vec2 where;
uniform vec4 colour;
uniform float kind;  // 0 skin, 1 photograph, 2 lines
uniform sampler2D photograph;
void main() {
  if (kind > 1.5) { gl_FragColor = colour; return; }
  if (kind > 0.5) { gl_FragColor = vec4(texture2D(photograph, where).rgb, colour.a); return; }
  vec3 n = normalize(out_of), eye = normalize(-point);
  float inside = step(dot(n, eye), 0.0);
  n = mix(n, -n, inside);
  float key = max(0.0, (dot(n, normalize(vec3(-0.45, -0.7, -0.75))) + 0.25) / 1.25);
  float fill = 0.5 - 0.5 * n.y, rim = pow(1.0 - max(0.0, dot(n, eye)), 3.0);
  float shine = pow(max(0.0, dot(n, normalize(normalize(vec3(-0.45, -0.7, -0.75)) + eye))), 24.0);
  vec3 light = colour.rgb * (0.26 + 0.2 * fill + 0.95 * key) + 0.08 * shine + 0.1 * rim;
  light *= mix(1.0, 0.45, inside);
  gl_FragColor = vec4(pow(light, vec3(1.0 / 2.2)), colour.a);
}`;
let draw = () => {};
function buffer(values, target) {
  const made = gl.createBuffer();
  gl.bindBuffer(target || gl.ARRAY_BUFFER, made);
  gl.bufferData(target || gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
  return made;
}
function start() {
  const program = gl.createProgram();
  for (const [type, text] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, text);
    gl.compileShader(shader);
    if (!gl.getShaderParameter(shader, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(shader));
    gl.attachShader(program, shader);
  }
  ["position", "normal", "texture"].forEach((name, i) => gl.bindAttribLocation(program, i, name));
  gl.linkProgram(program);
  gl.useProgram(program);
  const set = name => gl.getUniformLocation(program, name);
  const [whole, move, colour, kind] = ["whole", "move", "colour", "kind"].map(set);
  const points = buffer(vertices), normals = buffer(normalsOf(vertices, faces)), wall = buffer(plane);
  const corners = buffer(new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]));
  const wide = vertices.length / 3 > 65535 && gl.getExtension("OES_element_index_uint");
  const indices = list => buffer(wide ? new Uint32Array(list) : new Uint16Array(list), gl.ELEMENT_ARRAY_BUFFER);
  const integer = wide ? gl.UNSIGNED_INT : gl.UNSIGNED_SHORT, pairs = edgesOf(faces);
  const triangles = indices(faces), lines = indices(pairs);
  const image = new Image();
  image.onload = () => {
    gl.bindTexture(gl.TEXTURE_2D, gl.createTexture());
    gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGB, gl.RGB, gl.UNSIGNED_BYTE, image);
    for (const [name, value] of [["TEXTURE_MIN_FILTER", "LINEAR"], ["TEXTURE_WRAP_S", "CLAMP_TO_EDGE"],
                                 ["TEXTURE_WRAP_T", "CLAMP_TO_EDGE"]]) gl.texParameteri(gl.TEXTURE_2D, gl[name], gl[value]);
    image.ready = true;
    refresh();
  };
  image.src = hand.image;
  const use = (slot, data, size) => {
    if (!data) return gl.disableVertexAttribArray(slot);
    gl.bindBuffer(gl.ARRAY_BUFFER, data);
    gl.enableVertexAttribArray(slot);
    gl.vertexAttribPointer(slot, size, gl.FLOAT, false, 0, 0);
  };
  gl.enable(gl.DEPTH_TEST);
  gl.depthFunc(gl.LEQUAL);
  gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
  gl.clearColor(0.106, 0.125, 0.149, 1);

  function mesh(opacity) {
    use(0, points, 3); use(1, normals, 3); use(2, null);
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, triangles);
    gl.uniform1f(kind, 0);
    gl.uniform4f(colour, ...hand.skin, opacity);
    gl.enable(gl.POLYGON_OFFSET_FILL);
    gl.polygonOffset(1, 1);
    // Depths first: of a translucent hand only the nearest surface is seen.
    gl.colorMask(false, false, false, false);
    gl.drawElements(gl.TRIANGLES, faces.length, integer, 0);
    gl.colorMask(true, true, true, true);
    if (opacity > 0) gl.drawElements(gl.TRIANGLES, faces.length, integer, 0);
    gl.disable(gl.POLYGON_OFFSET_FILL);
    if (!at("wires").checked) return;
    gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, lines);
    gl.uniform1f(kind, 2);
    gl.uniform4f(colour, 0.1, 0.85, 0.55, 0.7);
    gl.drawElements(gl.LINES, pairs.length, integer, 0);
  }
  function photograph(opacity) {
    use(0, wall, 3); use(1, null); use(2, corners, 2);
    gl.uniform1f(kind, 1);
    gl.uniform4f(colour, 1, 1, 1, opacity);
    gl.depthMask(opacity === 1);
    gl.drawArrays(gl.TRIANGLE_STRIP, 0, 4);
    gl.depthMask(true);
  }
  draw = () => {
    gl.viewport(0, 0, scene.width, scene.height);
    gl.clear(gl.COLOR_BUFFER_BIT | gl.DEPTH_BUFFER_BIT);
    const [all, moved] = matrix();
    gl.uniformMatrix4fv(whole, false, all);
    gl.uniformMatrix4fv(move, false, moved);
    gl.enable(gl.BLEND);
    const shown = image.ready && at("photo").checked, opacity = Number(at("opacity").value);
    // From the front the photograph lies behind the hand, from the back a faint sheet before it.
    const front = turn[8] > 0;
    if (shown && front) photograph(1);
    mesh(opacity);
    if (shown && !front) photograph(0.22);
  };
}
if (gl) start();
