// Where pictures come from: the camera or a photograph.

const LONGEST = 640;

/** What went wrong with the camera, and what to do about it. */
export function explain(error, secure = globalThis.isSecureContext) {
  if (!secure) return "Browsers give the camera only to pages from https:// or localhost. A photograph works here.";
  const reasons = {
    NotAllowedError: "The camera was refused. Allow it in the browser's settings for this page, then press Camera again.",
    NotFoundError: "No camera was found. Connect one and press Camera again, or take a photograph.",
    NotReadableError: "The camera is in use by another program, or broken. Close that program and press Camera again.",
    AbortError: "The camera stopped before it gave a picture. Press Camera again.",
    OverconstrainedError: "No camera looks this way. Press Turn to use the other one.",
    MissingError: "This browser gives pages no camera. A photograph works here.",
  };
  return reasons[error.name] ?? `The camera can't be used (${error.message || error.name}).`;
}

/** A picture's size, shrunk so that its longer side is at most 640 pixels. */
export function fitted(width, height) {
  const factor = Math.min(1, LONGEST / Math.max(width, height));
  return [Math.max(1, Math.round(width * factor)), Math.max(1, Math.round(height * factor))];
}

/** Draws a video's frame or a bitmap of a size into a canvas' context that is resized to fit; what is transparent is white. */
export function draw(context, source, width, height) {
  const [columns, rows] = fitted(width, height);
  if (context.canvas.width !== columns || context.canvas.height !== rows) {
    [context.canvas.width, context.canvas.height] = [columns, rows];
  }
  context.imageSmoothingQuality = "high"; // else single pixels of a large photograph are left
  context.fillStyle = "#fff";
  context.fillRect(0, 0, columns, rows);
  context.drawImage(source, 0, 0, columns, rows);
}

export class Camera {
  #video;
  #stream = null;
  #turn = 0;
  #wake = () => {};

  /** @param {HTMLVideoElement} video a hidden, muted element. `onEnd`: called when the camera is unplugged or taken. */
  constructor(video, onEnd) {
    this.#video = video;
    this.onEnd = onEnd;
  }

  get running() {
    return this.#stream !== null;
  }

  /** Whether the camera faces the user: of a device with one camera, whatever was asked for. */
  get facesUser() {
    return this.#stream?.getVideoTracks()[0]?.getSettings().facingMode !== "environment";
  }

  /** Opens the camera. @param {"user"|"environment"} facing towards the user or away. Throws what `explain` explains. */
  async start(facing) {
    this.stop();
    const turn = ++this.#turn;
    if (!navigator.mediaDevices?.getUserMedia) throw Object.assign(new Error("no camera"), { name: "MissingError" });
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: false, video: { facingMode: facing, width: { ideal: 640 }, height: { ideal: 480 } },
    });
    // Another start or a stop may have come while the user was asked.
    if (turn !== this.#turn) return stream.getTracks().forEach((track) => track.stop());
    this.#stream = stream;
    stream.getVideoTracks()[0].addEventListener("ended", () => {
      this.stop();
      this.onEnd();
    });
    this.#video.srcObject = stream;
    await this.#video.play();
  }

  stop() {
    this.#turn++;
    this.#stream?.getTracks().forEach((track) => track.stop());
    this.#stream = null;
    this.#video.srcObject = null;
    this.#wake();
  }

  /** Waits for the next frame; false where the camera has stopped. */
  async frame() {
    const video = this.#video;
    if (!this.running) return false;
    await new Promise((resolve) => {
      this.#wake = resolve; // no frame comes from a camera that is stopped in between
      if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(resolve);
      else requestAnimationFrame(resolve);
    });
    return this.running && video.videoWidth > 0;
  }

  drawInto(context) {
    draw(context, this.#video, this.#video.videoWidth, this.#video.videoHeight);
  }
}

/** Reads a photograph into a canvas' context, turned as its EXIF says. */
export async function drawPhoto(context, file) {
  let bitmap;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    throw new Error(`${file.name || "This file"} is not a picture that this browser can read.`);
  }
  draw(context, bitmap, bitmap.width, bitmap.height);
  bitmap.close();
}
