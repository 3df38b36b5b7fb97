import { describe, expect, it, vi } from "vitest";
import type { Call } from "../src/call/call";
import { FilesError } from "../src/call/files";
import { Rewind, relativeTo } from "../src/parts/rewind";
import { tileAt } from "../src/screens/preview-strip";

const SEEN = { startsMs: 100_000, durationMs: 12_000 };

describe("a moment that was seen", () => {
	it("lies before or after the ring", () => {
		expect(relativeTo(SEEN, 106_000, 0)).toEqual({ from: "ring", seconds: -6 });
		expect(relativeTo(SEEN, 106_000, 6_200)).toEqual({ from: "ring", seconds: 0 });
		expect(relativeTo(SEEN, 106_000, 12_000)).toEqual({ from: "ring", seconds: 6 });
	});

	it("lies before now, when nobody rang meanwhile", () => {
		expect(relativeTo(SEEN, null, 2_000)).toEqual({ from: "end", seconds: -10 });
		expect(relativeTo(SEEN, 50_000, 12_000).seconds).toBeCloseTo(0);
		expect(relativeTo(SEEN, 50_000, 0)).toEqual({ from: "end", seconds: -12 });
	});
});

describe("looking back", () => {
	const callWith = (fetch: unknown) => ({ files: { fetch } }) as unknown as Call;

	it("shows what has come, and forgets it when closed", async () => {
		const rewind = new Rewind();
		const fetched = { ...SEEN, blob: new Blob(["x"]) };
		const fetch = vi.fn(async (_name, { progress }) => {
			progress(0.5);
			expect(rewind.share.value).toBe(0.5);
			return fetched;
		});
		await rewind.start(callWith(fetch));
		expect(rewind.seen.value).toMatchObject(SEEN);
		expect(rewind.seen.value?.address).toMatch(/^blob:/);
		rewind.close();
		expect(rewind.open.value).toBe(false);
		expect(rewind.seen.value).toBeNull();
	});

	it("says why there is nothing, in the doorbell's words", async () => {
		const rewind = new Rewind();
		const fetch = vi.fn(async () => {
			throw new FilesError("refused", "Nothing was seen yet.");
		});
		await rewind.start(callWith(fetch));
		expect(rewind.problem.value).toBe("Nothing was seen yet.");
		expect(rewind.open.value).toBe(true);
	});

	it("gives up what is on its way when it is closed", async () => {
		const rewind = new Rewind();
		let signal: AbortSignal | undefined;
		const fetch = vi.fn((_name, options) => {
			signal = options.signal;
			return new Promise((_, reject) =>
				options.signal.addEventListener("abort", () => reject(options.signal.reason)),
			);
		});
		const started = rewind.start(callWith(fetch));
		rewind.close();
		await started;
		expect(signal?.aborted).toBe(true);
		expect(rewind.problem.value).toBeNull();
		expect(rewind.open.value).toBe(false);
	});
});

describe("a preview strip", () => {
	it("has the tile of each moment", () => {
		const preview = { tiles: 10, every_ms: 1_500, width: 160, height: 90 };
		expect([0, 1_499, 1_500, 14_999, 99_000, -5].map((ms) => tileAt(ms, preview))).toEqual([
			0, 0, 1, 9, 9, 0,
		]);
	});
});
