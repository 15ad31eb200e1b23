// The service worker: after the first load, the page works with the server stopped. The engine's files are kept as they
// are fetched, so that nobody stores an engine that was never chosen.

const { version, files, assets } = __SHELL__;
const PATIENCE_MS = 3000;
const CACHE = `edge-detect-${version}`;
const worker = self as unknown as ServiceWorkerGlobalScope;

worker.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(files))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map(takeOver)))
      .then(() => worker.clients.claim()),
  );
});

worker.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== worker.location.origin) return;
  if (pathname.startsWith("/assets/")) event.respondWith(keptOrFetched(event));
  else if (files.includes(pathname)) event.respondWith(fetchedOrKept(event.request));
});

worker.addEventListener("message", (event) => {
  event.waitUntil(keepAll([...files, ...(event.data as string[])]).then((areKept) => event.ports[0]?.postMessage(areKept)));
});

/** What an earlier page has kept, an engine above all, is kept on where this page has the same file; the rest goes. */
async function takeOver(name: string): Promise<void> {
  const [earlier, cache] = await Promise.all([caches.open(name), caches.open(CACHE)]);
  for (const request of await earlier.keys()) {
    if (!assets.includes(new URL(request.url).pathname) || (await cache.match(request))) continue;
    const response = await earlier.match(request);
    if (response) await keep(cache, request, response);
  }
  await caches.delete(name);
}

/** Files with a hash in their names never change. */
async function keptOrFetched(event: FetchEvent): Promise<Response> {
  const { request } = event;
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  if (kept) return kept;
  const response = await fetch(request);
  if (response.ok) event.waitUntil(keep(cache, request, response.clone()));
  return response;
}

/** Where the browser has no room for a file, the page works with the server only. */
async function keep(cache: Cache, request: Request, response: Response): Promise<void> {
  await cache.put(request, response).catch(() => {});
}

/** Whether all these files are kept; those that passed by, because the page was faster, are fetched for that. */
async function keepAll(urls: readonly string[]): Promise<boolean> {
  const cache = await caches.open(CACHE);
  const kept = urls.map(async (url) => (await cache.match(url)) ?? cache.add(url));
  return Promise.all(kept).then(
    () => true,
    () => false,
  );
}

/**
 * The page itself is asked for first: it says which files belong to it. A server in front may answer for one that is gone,
 * and one that sleeps does not answer at all.
 */
async function fetchedOrKept(request: Request): Promise<Response> {
  const kept = await caches.match(request, { ignoreSearch: true });
  const asked = fetch(request).catch((error: unknown) => error);
  const fetched = await (kept ? Promise.race([asked, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]) : asked);
  if (fetched instanceof Response && fetched.status < 500) return fetched;
  if (kept) return kept;
  if (fetched instanceof Response) return fetched;
  throw fetched;
}
