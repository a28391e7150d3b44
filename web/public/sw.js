// Answers from the network, and without one from what was kept. Files whose names change with their content are
// answered from the store at once.

const SCOPE = self.registration.scope;
const STORE = `tfhand-1 ${SCOPE}`; // the store is the origin's, which may have another such page
const LASTING = /^(assets|litert-[^/]+)\//;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("message", (event) => {
  event.waitUntil(
    keep(event.data.keep).then(
      () => event.ports[0].postMessage({ kept: true }),
      () => event.ports[0].postMessage({ kept: false }),
    ),
  );
});

self.addEventListener("fetch", (event) => {
  const own = new URL(event.request.url).origin === self.location.origin;
  if (own && event.request.method === "GET") event.respondWith(answer(event.request));
});

async function keep(urls) {
  const store = await caches.open(STORE);
  const wanted = new Set(urls);
  for (const request of await store.keys()) if (!wanted.has(request.url)) await store.delete(request);
  for (const url of wanted) if (!(await store.match(url))) await store.add(url);
}

async function answer(request) {
  const store = await caches.open(STORE);
  const kept = await store.match(request, { ignoreSearch: request.mode === "navigate" });
  if (kept && LASTING.test(request.url.slice(SCOPE.length))) return isolated(kept);
  try {
    const fresh = await fetch(request);
    if (kept && fresh.ok) await store.put(request, fresh.clone());
    return isolated(fresh);
  } catch (error) {
    if (kept) return isolated(kept);
    throw error;
  }
}

/** With the headers that Wasm threads need, for hosts that can't send them. */
function isolated(response) {
  if (response.status === 0 || response.status === 304) return response;
  const headers = new Headers(response.headers);
  headers.set("Cross-Origin-Opener-Policy", "same-origin");
  headers.set("Cross-Origin-Embedder-Policy", "require-corp");
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
