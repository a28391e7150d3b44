// Drives the built page in headless Chromium and writes what happened as JSON: node test/drive.js PLAN.json
//
// PLAN: {chromium, url, out, steps: [{do: name, ...}], video?, permissions?, viewport?, graphics?}; `graphics` are arguments
// for Chromium, instead of the ones of a machine without a graphics processor; the steps are the functions of `STEPS`. What a step returns stands under its `as` in OUT/report.json.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium } from "playwright-core";

const QUIET = [
  "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--enable-unsafe-swiftshader",
];
const NO_GRAPHICS = ["--disable-gpu"];

const STEPS = {
  /** Opens the page and waits until the network is loaded, or `until` shows. */
  async open({ page, plan }, { query = "", until = "#camera:not(:disabled)" }) {
    await page.goto(plan.url + query);
    await page.waitForSelector(until, { timeout: 120_000 });
    return await page.evaluate(() => globalThis.tfhand?.stats());
  },
  async reload({ page }, { until = "#camera:not(:disabled)" }) {
    await page.reload();
    await page.waitForSelector(until, { timeout: 120_000 });
  },
  async click({ page }, { on }) {
    await page.click(on);
  },
  async choose({ page }, { on, value }) {
    await page.selectOption(on, value);
  },
  async choosePhoto({ page }, { file }) {
    await page.setInputFiles("#photo", file);
  },
  /** Presses, moves and lets go at shares of an element's width and height. */
  async drag({ page }, { on, from, to }) {
    const area = await page.locator(on).boundingBox();
    const point = ([x, y]) => [area.x + x * area.width, area.y + y * area.height];
    await page.mouse.move(...point(from));
    await page.mouse.down();
    await page.mouse.move(...point(to), { steps: 5 });
    await page.mouse.up();
  },
  async tap({ page }, { on, at: [x, y] }) {
    const { width, height } = await page.locator(on).boundingBox();
    await page.tap(on, { position: { x: x * width, y: y * height } });
  },
  async wait({ page }, { frames, ms = 0 }) {
    if (frames) await page.waitForFunction((count) => globalThis.tfhand.stats().frames >= count, frames, { timeout: 0 });
    await page.waitForTimeout(ms);
  },
  async see({ page }, { selector }) {
    await page.waitForSelector(selector, { timeout: 60_000 });
  },
  async text({ page }, { of }) {
    return await page.locator(of).allInnerTexts();
  },
  /** Pictures and the hands found in them. */
  async snapshots({ page }, { count = 1, apart = 0 }) {
    const found = [];
    for (let i = 0; i < count; i++) {
      found.push(await page.evaluate(() => globalThis.tfhand.snapshot()));
      await page.waitForTimeout(apart);
    }
    return found;
  },
  async stats({ page }) {
    return await page.evaluate(() => globalThis.tfhand.stats());
  },
  async screenshot({ page, plan }, { name }) {
    await page.screenshot({ path: join(plan.out, name) });
  },
  async download({ page, plan }, { name }) {
    const [file] = await Promise.all([page.waitForEvent("download"), page.click("#save")]);
    await file.saveAs(join(plan.out, name));
    return file.suggestedFilename();
  },
  /** Cuts the network off, also from the service worker; says what a file that isn't kept answers then. */
  async offline({ context, page }) {
    await context.setOffline(true);
    return await page.evaluate(() => fetch("model/none").then((response) => response.status, () => "no network"));
  },
  /** Bytes after collecting garbage: JavaScript's heap and the page's process (Linux); seconds of all its processors. */
  async usage({ page, profile }) {
    const session = await page.context().newCDPSession(page);
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    await session.detach();
    const { frames } = await page.evaluate(() => globalThis.tfhand.stats());
    return { frames, heap: usedSize, ...processes(profile) };
  },
};

/** Of the browser with a profile: resident bytes of its pages, seconds that processors worked for it. */
function processes(profile) {
  const sum = { resident: 0, cpu: 0 };
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, "utf8");
      if (!words.includes(profile)) continue;
      const times = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1].split(" ");
      sum.cpu += (Number(times[11]) + Number(times[12])) / 100;
      if (!words.includes("--type=renderer")) continue;
      sum.resident += 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]);
    } catch {
      // the process has ended meanwhile
    }
  }
  return sum;
}

async function drive(plan) {
  mkdirSync(plan.out, { recursive: true });
  const profile = mkdtempSync(join(tmpdir(), "tfhand-browser-"));
  const args = [...QUIET, ...(plan.graphics ?? NO_GRAPHICS)];
  if (plan.video) args.push("--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${plan.video}`);
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: plan.chromium, headless: true, args, permissions: plan.permissions ?? ["camera"],
    viewport: plan.viewport ?? { width: 1100, height: 720 }, hasTouch: true, acceptDownloads: true,
  });
  const report = { console: [], requests: [] };
  try {
    const [page] = context.pages();
    page.on("console", (message) => report.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => report.console.push(`error: ${error.message}`));
    page.on("request", (request) => report.requests.push(request.url()));
    for (const { do: name, as, ...options } of plan.steps) {
      const result = await STEPS[name]({ page, context, plan, profile }, options);
      if (as) report[as] = [...(report[as] ?? []), result];
    }
  } finally {
    writeFileSync(join(plan.out, "report.json"), JSON.stringify(report));
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  }
}

await drive(JSON.parse(readFileSync(process.argv[2], "utf8")));
