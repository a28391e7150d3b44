import { cpSync, readFileSync } from "node:fs";

import { defineConfig } from "vite";

const { version } = JSON.parse(readFileSync("node_modules/@litertjs/core/package.json", "utf8"));
const wasm = `litert-${version}`;
// The variants that src/model.js asks for: with threads, without, and for browsers without relaxed SIMD.
const variants = ["threaded_internal", "internal", "compat_internal"];

/** Puts LiteRT.js' Wasm files beside the page, which loads them by name at run time, and the licences of all that is in it. */
const beside = {
  name: "beside-the-page",
  writeBundle({ dir }) {
    cpSync("node_modules/three/LICENSE", `${dir}/licences/three.txt`);
    cpSync("../LICENSE", `${dir}/licences/tfhand-and-litert.txt`);
    for (const variant of variants) {
      for (const suffix of ["js", "wasm"]) {
        const name = `litert_wasm_${variant}.${suffix}`;
        cpSync(`node_modules/@litertjs/core/wasm/${name}`, `${dir}/${wasm}/${name}`);
      }
    }
  },
};

export default defineConfig({
  base: "./", // the page works in any folder of a site
  define: { LITERT_WASM: JSON.stringify(`${wasm}/`) },
  build: { target: "es2022", chunkSizeWarningLimit: 1000 },
  plugins: [beside],
});
