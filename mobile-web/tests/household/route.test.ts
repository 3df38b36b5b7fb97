import { describe, expect, it } from "vitest";
import { paths, routeOf } from "../../src/router";

describe("the addresses of a household", () => {
	it.each([
		[paths.household("d"), "home", ""],
		[paths.household("d", "log"), "log", ""],
		[paths.household("d", "phone", "p"), "phone", "p"],
		["#/household/d/nonsense", "home", ""],
	])("%s shows %s %s", (path, page, item) => {
		expect(routeOf(path)).toEqual({ name: "household", doorbell: "d", page, item });
	});

	it("lead nowhere without a doorbell", () => {
		expect(routeOf("#/household")).toEqual({ name: "home" });
	});
});
