// Files from where the page came from; nothing is fetched from elsewhere, which the server's policy enforces.

import { ModelError } from "./errors";

/** A file's bytes. Throws ModelError when it is not there. */
export async function fetchBytes(url: string): Promise<Uint8Array<ArrayBuffer>> {
  const response = await fetch(url).catch((error: unknown) => {
    throw new ModelError("the server cannot be reached, and this part was not loaded before", { cause: error });
  });
  if (!response.ok) throw new ModelError(`the server does not give ${url}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** A JSON file's values. Throws ModelError when it is not there. */
export async function fetchJson<T>(url: string): Promise<T> {
  return JSON.parse(new TextDecoder().decode(await fetchBytes(url))) as T;
}
