// Keeps what the page has loaded, so that it opens without a network afterwards.

/** Registers sw.js and, once all is loaded, tells it what that was. `note` is told where nothing can be kept. */
export async function keepOffline(note) {
  if (!("serviceWorker" in navigator)) {
    note("This browser can't keep the page for use without a network.");
    return false;
  }
  try {
    await navigator.serviceWorker.register("sw.js");
    const { active } = await navigator.serviceWorker.ready;
    const loaded = performance.getEntriesByType("resource").map((entry) => entry.name);
    const own = [location.href, ...loaded].map((url) => url.split("#")[0]).filter((url) => url.startsWith(location.origin));
    return await new Promise((resolve) => {
      const channel = new MessageChannel();
      channel.port1.onmessage = ({ data }) => resolve(data.kept);
      active.postMessage({ keep: [...new Set(own)] }, [channel.port2]);
    });
  } catch (error) {
    note(`The page can't be kept for use without a network (${error.message}).`);
    return false;
  }
}
