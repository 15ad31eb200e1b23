// What a detector and a finder run on, whichever engine is behind it.

import type { Card } from "./card";
import type { Picture } from "./pixels";

/** Output values by name, flat and without the batch axis. */
export type Outputs = Readonly<Record<string, Float32Array>>;

/** A loaded model: its card, and from a square picture of its input's size to named outputs. */
export interface Network {
  readonly card: Card;
  run(picture: Picture): Promise<Outputs>;
}

/** What an engine brings: both models, and what it calls itself and its precision. */
export interface Engine {
  readonly name: string;
  readonly precision: string;
  readonly classifier: Network;
  readonly finder: Network;
}
