import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";
import manifest from "./package.json" with { type: "json" };
import { integrity } from "./scripts/integrity.ts";

const SERVER = process.env.DOORSTEP_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
	define: { __APP_VERSION__: JSON.stringify(manifest.version) },
	build: {
		target: "es2022",
		sourcemap: false,
		// Inlined pictures would need `data:` in the server's content security policy.
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
	},
	server: { proxy: { "/api": { target: SERVER, ws: true } } },
	plugins: [
		// Before the worker is made: it lists the page as it is then.
		integrity(),
		VitePWA({
			strategies: "injectManifest",
			srcDir: "src/sw",
			filename: "worker.ts",
			injectRegister: null,
			registerType: "prompt",
			injectManifest: {
				globPatterns: ["**/*.{js,css,html,svg,png,webmanifest}"],
			},
			manifest: {
				id: "/",
				name: "Doorstep",
				short_name: "Doorstep",
				description: "See who is at the door, answer, and open it.",
				start_url: "/",
				scope: "/",
				display: "standalone",
				orientation: "any",
				background_color: "#14110d",
				theme_color: "#14110d",
				categories: ["lifestyle", "utilities"],
				icons: [
					{ src: "/icons/icon-192.png", sizes: "192x192", type: "image/png" },
					{ src: "/icons/icon-512.png", sizes: "512x512", type: "image/png" },
					{
						src: "/icons/maskable-512.png",
						sizes: "512x512",
						type: "image/png",
						purpose: "maskable",
					},
					{ src: "/icons/mark.svg", sizes: "any", type: "image/svg+xml" },
				],
			},
		}),
	],
	test: {
		environment: "happy-dom",
		include: ["tests/**/*.test.ts", "tests/**/*.test.tsx"],
	},
});
