// The page's controls and words; nothing here knows of networks or meshes.

const at = (id) => document.getElementById(id);

/** Square around a drag, or of a given side around a tap; pixels of the picture. */
export function draggedBox(from, to, tapSide) {
  const side = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  if (side < tapSide / 8) return { x: to.x - tapSide / 2, y: to.y - tapSide / 2, side: tapSide };
  return { x: (from.x + to.x - side) / 2, y: (from.y + to.y - side) / 2, side };
}

/** A point of the window in pixels of the picture that an element shows in a rectangle. */
export function toPicture({ clientX, clientY }, rectangle, width, height, mirrored) {
  const across = (clientX - rectangle.left) / rectangle.width;
  return { x: (mirrored ? 1 - across : across) * width, y: ((clientY - rectangle.top) / rectangle.height) * height };
}

export class Page {
  frame = at("frame").getContext("2d", { willReadFrequently: true });
  overlay = at("overlay");
  orbit = at("orbit");
  video = at("video");

  /** @param actions what the controls do: camera, turn, photo, style, side, accelerator, again, save, lookAt. */
  constructor(actions, styles, accelerators) {
    for (const id of ["camera", "turn", "again", "save"]) at(id).addEventListener("click", actions[id]);
    for (const id of ["side", "accelerator"]) at(id).addEventListener("change", () => actions[id](at(id).value));
    at("photo").addEventListener("change", () => {
      const [file] = at("photo").files;
      at("photo").value = ""; // the same file can be opened again
      if (file) actions.photo(file);
    });
    for (const style of styles) at("styles").append(this.#styleSwitch(style, style === styles[0], actions.style));
    for (const [value, name] of Object.entries(accelerators)) at("accelerator").append(new Option(name, value));
    at("mirror").addEventListener("change", () => this.mirror(at("mirror").checked));
    this.mirror(true);
    this.#listenToDrags(actions.lookAt);
    new ResizeObserver(() => this.fit()).observe(at("stage"));
    this.onResize = () => {};
    new ResizeObserver(() => this.onResize()).observe(at("turntable"));
  }

  #styleSwitch(style, checked, choose) {
    const label = document.createElement("label");
    const input = Object.assign(document.createElement("input"), { type: "radio", name: "style", value: style, checked });
    input.addEventListener("change", () => choose(style));
    label.append(input, style);
    return label;
  }

  #listenToDrags(lookAt) {
    const picture = at("picture");
    let from = null;
    const point = (event) => {
      const { width, height } = this.frame.canvas;
      return toPicture(event, picture.getBoundingClientRect(), width, height, at("mirror").checked);
    };
    const box = (event) => draggedBox(from, point(event), Math.min(this.frame.canvas.width, this.frame.canvas.height) / 2);
    picture.addEventListener("pointerdown", (event) => {
      picture.setPointerCapture(event.pointerId);
      from = point(event);
    });
    picture.addEventListener("pointermove", (event) => from && this.showBox(box(event)));
    picture.addEventListener("pointerup", (event) => {
      if (from) lookAt(box(event));
      from = null;
    });
    picture.addEventListener("pointercancel", () => (from = null));
  }

  /** The controls that need a network are usable, or not. */
  enable(ready) {
    for (const id of ["camera", "photo"]) at(id).disabled = !ready;
  }

  showRunning(running) {
    at("camera").textContent = running ? "Stop" : "Camera";
    at("turn").disabled = !running;
  }

  mirror(mirrored) {
    at("mirror").checked = mirrored;
    at("picture").classList.toggle("mirrored", mirrored);
  }

  /** Makes the picture as large as its pane allows. */
  fit() {
    const { width, height } = this.frame.canvas;
    const pane = at("stage");
    const scale = Math.min(pane.clientWidth / width, pane.clientHeight / height);
    at("picture").style.width = `${width * scale}px`;
    at("picture").style.height = `${height * scale}px`;
    this.onResize?.();
  }

  /** Draws the square that is looked at; null: none. */
  showBox(box) {
    at("box").hidden = box === null;
    if (box === null) return;
    const { width, height } = this.frame.canvas;
    const share = { left: box.x / width, top: box.y / height, width: box.side / width, height: box.side / height };
    for (const [name, value] of Object.entries(share)) at("box").style[name] = `${100 * value}%`;
  }

  showHand(estimate) {
    at("hand").textContent = estimate ? `${estimate.side} hand, confidence ${estimate.confidence.toFixed(2)}` : "no hand";
    at("save").disabled = !estimate;
    at("again").disabled = false;
    for (const hint of ["stage-hint", "orbit-hint"]) at(hint).hidden = Boolean(estimate);
    if (estimate) return;
    at("stage-hint").textContent = "No hand: hold one inside the dashed square, tap it, or drag a square around it.";
  }

  showRate(rate) {
    at("fps").textContent = rate.toFixed(1);
  }

  showRuntime(text, accelerator) {
    at("runtime").textContent = text;
    if (accelerator) at("accelerator").value = accelerator;
  }

  /** Says what is wrong; a kind has one message at a time, and none where the text is null. */
  say(kind, text) {
    at("messages").querySelector(`[data-kind=${kind}]`)?.remove();
    if (text === null) return;
    const line = Object.assign(document.createElement("li"), { textContent: text });
    line.dataset.kind = kind;
    at("messages").append(line);
  }
}

/** Hands bytes to the user as a file. */
export function save(bytes, name, type) {
  const href = URL.createObjectURL(new Blob([bytes], { type }));
  const link = Object.assign(document.createElement("a"), { href, download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
