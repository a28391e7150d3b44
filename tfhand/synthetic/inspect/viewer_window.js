// ---- joints, over everything ----
const paper = at("points").getContext("2d");
function drawJoints() {
  const dots = devicePixelRatio || 1;
  paper.setTransform(dots, 0, 0, dots, 0, 0);
  paper.clearRect(0, 0, innerWidth, innerHeight);
  if (!at("joints").checked) return;
  const placed = hand.colours.map((_, i) => place(joints, 3 * i)), spots = placed.map(toWindow);
  const thick = Math.min(5, Math.max(1.5, scale() * fx * 1.6 / (centre[2] + push)));
  const line = (from, to, colour, size) => {
    paper.strokeStyle = colour;
    paper.lineWidth = size;
    paper.beginPath();
    paper.moveTo(...spots[from]);
    paper.lineTo(...spots[to]);
    paper.stroke();
  };
  paper.lineCap = "round";
  // The farther of two bones first.
  const order = hand.bones.map(([from, to]) => [placed[from][2] + placed[to][2], from, to]).sort((one, other) => other[0] - one[0]);
  for (const [, from, to] of order) {
    const colour = `rgb(${hand.colours[to].join()})`;
    line(from, to, "#11161caa", thick + 2);
    line(from, to, colour, thick);
    for (const joint of [from, to]) {
      paper.fillStyle = `rgb(${hand.colours[joint].join()})`;
      paper.strokeStyle = "#11161c";
      paper.lineWidth = 1;
      paper.beginPath();
      paper.arc(...spots[joint], thick * 1.15, 0, 2 * Math.PI);
      paper.fill();
      paper.stroke();
    }
  }
}

// ---- the window and its controls ----
let waiting = false;
function refresh() {
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    const dots = devicePixelRatio || 1;
    for (const canvas of [scene, at("points")]) {
      const [w, h] = [Math.round(innerWidth * dots), Math.round(innerHeight * dots)];
      if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
    }
    draw();
    drawJoints();
  });
}
function glide(goal) {
  const from = turn, begun = performance.now(), mine = ++gliding;
  const step = now => {
    if (mine !== gliding) return;
    const part = Math.min(1, (now - begun) / 350), eased = part * part * (3 - 2 * part);
    const mixed = from.map((value, i) => value + eased * (goal[i] - value));
    // Half-way between opposite views there is nothing to make a rotation of: jump.
    const turned = orthonormal(mixed);
    turn = part === 1 || turned.some(Number.isNaN) ? goal : turned;
    refresh();
    if (part < 1) requestAnimationFrame(step);
  };
  requestAnimationFrame(step);
}
function turnBy(degX, degY) {
  gliding++;
  turn = orthonormal(times(rotation(degX, degY), turn));
  refresh();
}
function zoomBy(factor) {
  zoom = Math.min(12, Math.max(0.25, zoom * factor));
  refresh();
}
const stage = at("stage"), fingers = new Map();
stage.addEventListener("pointerdown", event => {
  stage.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  stage.classList.add("turning");
});
stage.addEventListener("pointermove", event => {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const apart = () => { const [a, b] = [...fingers.values()]; return Math.hypot(a[0] - b[0], a[1] - b[1]); };
  const gap = fingers.size === 2 ? apart() : 0;
  fingers.set(event.pointerId, [event.clientX, event.clientY]);
  if (fingers.size === 2) zoomBy(apart() / Math.max(gap, 1));
  else turnBy(-0.4 * (event.clientY - before[1]), 0.4 * (event.clientX - before[0]));
});
for (const name of ["pointerup", "pointercancel"]) {
  stage.addEventListener(name, event => {
    fingers.delete(event.pointerId);
    if (!fingers.size) stage.classList.remove("turning");
  });
}
stage.addEventListener("wheel", event => { event.preventDefault(); zoomBy(Math.exp(-0.0012 * event.deltaY)); },
                       { passive: false });
stage.addEventListener("keydown", event => {
  const turns = { ArrowLeft: [0, -8], ArrowRight: [0, 8], ArrowUp: [8, 0], ArrowDown: [-8, 0] };
  if (turns[event.key]) turnBy(...turns[event.key]);
  else if (event.key === "+" || event.key === "=") zoomBy(1.15);
  else if (event.key === "-") zoomBy(1 / 1.15);
});
for (const button of document.querySelectorAll("button")) {
  button.addEventListener("click", () => { zoom = 1; glide(rotation(...button.dataset.turn.split(" ").map(Number))); });
}
for (const name of ["opacity", "wires", "joints", "photo"]) at(name).addEventListener("input", refresh);
addEventListener("resize", refresh);
at("facts").querySelector("h1").textContent = hand.title;
at("facts").querySelector("img").src = hand.image;
for (const [name, value] of Object.entries(hand.facts)) {
  const [term, text] = ["dt", "dd"].map(tag => document.createElement(tag));
  [term.textContent, text.textContent] = [name, value];
  at("facts").querySelector("dl").append(term, text);
}
refresh();
