import { describe, expect, it } from "vitest";
import { paths, routeOf, showsRing } from "../src/router";

describe("addresses", () => {
	it.each([
		["", { name: "home" }],
		["#/", { name: "home" }],
		["#/nonsense/x", { name: "home" }],
		["#/ring/", { name: "home" }],
		["#/settings", { name: "settings" }],
		[paths.visit("v-12345678"), { name: "visit", visit: "v-12345678" }],
		[paths.ring("v-12345678"), { name: "ring", visit: "v-12345678", reply: false }],
		["#/ring/v-12345678?reply", { name: "ring", visit: "v-12345678", reply: true }],
		[paths.call("door"), { name: "call", doorbell: "door", answers: undefined }],
		[paths.call("door", "v-1"), { name: "call", doorbell: "door", answers: "v-1" }],
		["#p=1.a.b.c", { name: "pair", fragment: "p=1.a.b.c" }],
	])("%j is understood", (hash, route) => {
		expect(routeOf(hash)).toEqual(route);
	});

	it.each([
		[paths.ring("v-12345678"), true],
		["#/ring/v-12345678?reply", true],
		[paths.ring("v-other"), false],
		[paths.visit("v-12345678"), false],
	])("%j shows the ring of v-12345678: %s", (hash, shown) => {
		expect(showsRing("v-12345678", routeOf(hash))).toBe(shown);
	});
});
