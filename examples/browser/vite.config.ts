import { defineConfig } from "vite";
import { VitePWA } from "vite-plugin-pwa";

export default defineConfig({
  base: "./", // so that the page works in any folder of any host
  build: { target: "es2022", chunkSizeWarningLimit: 1500 },
  // The service worker keeps every file, so that the page works without a network after the first visit.
  plugins: [
    VitePWA({
      registerType: "autoUpdate",
      manifest: {
        name: "fivepoint",
        short_name: "fivepoint",
        display: "standalone",
        icons: [{ src: "icon.svg", sizes: "any", type: "image/svg+xml" }],
      },
      workbox: { globPatterns: ["**/*.{js,css,html,jpg,svg}"], maximumFileSizeToCacheInBytes: 3_000_000 },
    }),
  ],
});
