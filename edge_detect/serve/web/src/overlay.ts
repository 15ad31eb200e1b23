// What lies over a picture: boxes with words, and the heatmap.

import { make } from "./dom";
import { paint } from "./heatmap";
import type { Inspection } from "./protocol";
import { inShort, SIGNS } from "./words";

/** Room that a label takes, as a share of the longer side of a picture that is as large as a card. */
const LABEL = 0.1;

/** Layers over a picture that fills its parent; they are read out by the list of faces, not here. */
export class Overlay {
  readonly element = make("div", { class: "overlay", attributes: { "aria-hidden": "true" } });
  private readonly heat = make("canvas", { class: "heat", hidden: true });
  private readonly boxes = make("div", { class: "boxes" });
  private drawn: Inspection | null = null;

  constructor() {
    this.element.append(this.heat, this.boxes);
  }

  set showsHeat(shown: boolean) {
    this.heat.hidden = !shown;
    this.paintHeat();
  }

  /** Draw what was found, in place of what was. */
  draw(inspection: Inspection): void {
    this.drawn = inspection;
    this.paintHeat();
    const { record, width, height } = inspection;
    const room = LABEL * Math.max(width, height);
    this.boxes.replaceChildren(
      ...record.faces.map((face, index) => {
        const [x0, y0, x1, y1] = face.box as [number, number, number, number];
        const share = (value: number, whole: number) => `${(100 * value) / whole}%`;
        // Of several faces, the list says the rest: labels as long as that would lie on each other.
        const label = make("span", {}, record.faces.length > 1 ? `${index + 1} ${SIGNS[face.verdict]}` : inShort(face));
        const box = make("div", { class: `box ${face.verdict}` }, label);
        box.style.left = share(x0, width);
        box.style.top = share(y0, height);
        box.style.width = share(x1 - x0, width);
        box.style.height = share(y1 - y0, height);
        if (y0 < room) box.classList.add(y1 + room > height ? "within" : "below"); // no room for its label above
        if (x0 + x1 > width) box.classList.add("leftwards");
        return box;
      }),
    );
  }

  /** Draw nothing, until the next. */
  clear(): void {
    this.drawn = null;
    this.boxes.replaceChildren();
    this.heat.width = 0;
  }

  /** Only where it is seen: a camera has thirty frames a second. */
  private paintHeat(): void {
    if (this.drawn && !this.heat.hidden) paint(this.heat, this.drawn.heats, this.drawn.width, this.drawn.height);
  }
}
