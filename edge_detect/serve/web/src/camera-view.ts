// The live camera: each frame is looked at as soon as the one before is done. Frames are seen, not announced.

import { CameraError, listCameras, nextFrame, openCamera } from "./camera";
import { byId, make } from "./dom";
import { wordsOf } from "./errors";
import type { Examiner } from "./examiner";
import { Overlay } from "./overlay";
import { heatTools } from "./picture-card";
import { verdictOf } from "./verdict";

const SMOOTHED = 0.1;
/** How long after a frame that was not scored the next is tried. */
const PAUSE_MS = 1000;

/** Starts and stops with its buttons; `keep` gets a frame, as a file, that the user wants scored by itself. */
export class CameraView {
  private readonly video = make("video", { muted: true, playsInline: true });
  private readonly overlay = new Overlay();
  private readonly said = make("div", { class: "said" });
  private readonly facts = make("p", { class: "facts" });
  private readonly keepButton = make("button", { type: "button" }, "Keep this frame");
  private readonly choice = make("select", { hidden: true, attributes: { "aria-label": "Camera" } });
  private readonly trouble = byId("camera-trouble");
  private readonly live = byId("camera-live");
  private stream: MediaStream | null = null;
  private turn = 0;

  constructor(
    private readonly examiner: () => Examiner,
    private readonly keep: (frame: File) => void,
    private readonly announce: (words: string) => void,
  ) {
    this.video.setAttribute("aria-label", "What the camera sees");
    this.keepButton.addEventListener("click", () => void this.keepFrame());
    const stopButton = make("button", { type: "button", class: "quiet" }, "Stop");
    stopButton.addEventListener("click", () => this.stop());
    const { button: heatButton, legend } = heatTools(this.overlay);
    const tools = make("div", { class: "tools" }, this.keepButton, stopButton, heatButton, this.choice);
    const picture = make("div", { class: "picture" }, make("div", { class: "frame" }, this.video, this.overlay.element));
    this.live.append(picture, make("div", { class: "beside" }, this.said, this.facts, legend, tools));
    this.choice.addEventListener("change", () => void this.start(this.choice.value));
    byId("camera-start").addEventListener("click", () => void this.start());
  }

  private async start(deviceId?: string): Promise<void> {
    this.release();
    const { turn } = this;
    const section = byId("camera");
    section.hidden = false;
    let stream: MediaStream;
    try {
      stream = await openCamera(deviceId);
    } catch (error) {
      if (!(error instanceof CameraError)) throw error;
      if (this.turn !== turn) return;
      this.complain(error.message);
      return;
    }
    if (this.turn !== turn) {
      end(stream); // stopped, or started anew, while the browser asked
      return;
    }
    this.stream = stream;
    for (const track of stream.getTracks()) track.addEventListener("ended", () => this.lose(stream));
    this.trouble.hidden = true;
    this.live.hidden = false;
    this.keepButton.disabled = true; // until there is one
    section.scrollIntoView({ block: "nearest" });
    this.video.srcObject = stream;
    try {
      await this.video.play();
    } catch (error) {
      if (this.turn !== turn) return; // the video was taken away before it began
      throw error;
    }
    if (this.turn !== turn) return;
    this.keepButton.disabled = false;
    this.announce("The camera is on. Keep a frame to hear what is said of it.");
    await this.offerOthers(stream.getVideoTracks()[0]?.getSettings().deviceId);
    await this.watch(stream);
  }

  private async offerOthers(current?: string): Promise<void> {
    const cameras = await listCameras();
    this.choice.replaceChildren(...cameras.map(({ id, name }) => make("option", { value: id, selected: id === current }, name)));
    this.choice.hidden = cameras.length < 2;
  }

  private async watch(stream: MediaStream): Promise<void> {
    let mean: number | null = null;
    let asked: Examiner | null = null;
    while (this.stream === stream) {
      const examiner = this.examiner();
      if (examiner !== asked) {
        asked = examiner;
        mean = null;
        this.clear();
        await examiner.facts.catch(() => {}); // a frame from before would be old by then; what failed is said below
      }
      await nextFrame(this.video);
      if (this.stream !== stream) return;
      const start = performance.now();
      try {
        const frame = await createImageBitmap(this.video, { colorSpaceConversion: "none" });
        const inspection = await examiner.examine({ kind: "frame", name: "camera", frame });
        if (this.stream !== stream) return;
        this.overlay.draw(inspection);
        this.said.replaceChildren(verdictOf(inspection.record));
        const taken = performance.measure("frame", { start }).duration; // seen by the browser's own tools, and then
        performance.clearMeasures("frame"); // not kept: there is no end to frames
        mean = mean === null ? taken : mean + SMOOTHED * (taken - mean);
        this.facts.textContent = `${Math.round(mean)} ms a frame, from camera to verdict`;
      } catch (error) {
        if (this.stream !== stream) return;
        this.clear();
        this.said.replaceChildren(make("p", { class: "trouble" }, `This frame was not scored: ${wordsOf(error)}.`));
        await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
      }
    }
  }

  /** What was said of a frame does not stand there beside another. */
  private clear(): void {
    this.overlay.clear();
    this.said.replaceChildren();
    this.facts.textContent = "";
  }

  private async keepFrame(): Promise<void> {
    const canvas = new OffscreenCanvas(this.video.videoWidth, this.video.videoHeight);
    canvas.getContext("2d")?.drawImage(this.video, 0, 0);
    const time = new Date().toTimeString().slice(0, 8).replaceAll(":", "-");
    this.keep(new File([await canvas.convertToBlob({ type: "image/png" })], `camera ${time}.png`));
  }

  private stop(): void {
    this.release();
    byId("camera").hidden = true;
    byId("camera-start").focus();
    this.announce("The camera is off.");
  }

  /** A stream ended by itself: its last frame must not stand there with a verdict, as if it were now. */
  private lose(stream: MediaStream): void {
    if (this.stream !== stream) return;
    this.release();
    this.complain("The camera is gone. Plug it in again, and start it anew.");
  }

  private complain(words: string): void {
    this.trouble.textContent = words;
    this.trouble.hidden = false;
    if (this.live.contains(document.activeElement)) byId("camera-start").focus();
    this.live.hidden = true;
    this.announce(words);
  }

  private release(): void {
    this.turn++; // what is still being opened is not wanted any more
    if (this.stream) end(this.stream);
    this.stream = null;
    this.video.srcObject = null;
    this.clear();
  }
}

function end(stream: MediaStream): void {
  stream.getTracks().forEach((track) => track.stop());
}
