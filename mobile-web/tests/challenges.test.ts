import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Challenges } from "../src/api/challenges";

let count = 0;
const give = async (doorbell: string) => {
	count += 1;
	return { nonce: `${doorbell} ${count}`, valid_s: 30 };
};
const fetched = vi.fn(give);

beforeEach(() => {
	count = 0;
	fetched.mockReset().mockImplementation(give);
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

describe("a nonce at hand", () => {
	it("is there while its doorbell is on the screen, works once, and is made anew", async () => {
		const challenges = new Challenges(fetched);
		const left = new AbortController();
		expect(challenges.ready("door")).toBeUndefined();
		challenges.keep("door", left.signal);
		await vi.advanceTimersByTimeAsync(0);
		expect(challenges.ready("other")).toBeUndefined();
		expect(challenges.ready("door")).toBe("door 1");
		expect(challenges.ready("door")).toBeUndefined();
		await vi.advanceTimersByTimeAsync(23_000);
		expect(challenges.ready("door")).toBe("door 2");
		left.abort();
		await vi.advanceTimersByTimeAsync(60_000);
		expect(fetched).toHaveBeenCalledTimes(2);
	});

	it("is never older than the doorbell remembers", async () => {
		const challenges = new Challenges(fetched);
		challenges.keep("door", new AbortController().signal);
		await vi.advanceTimersByTimeAsync(0);
		fetched.mockRejectedValue(new Error("The server is away."));
		await vi.advanceTimersByTimeAsync(25_000);
		expect(challenges.ready("door")).toBeUndefined();
	});

	it("does not stay when its screen is left, not even one on its way", async () => {
		const challenges = new Challenges(fetched);
		const left = new AbortController();
		challenges.keep("door", left.signal);
		left.abort();
		await vi.advanceTimersByTimeAsync(0);
		expect(challenges.ready("door")).toBeUndefined();
	});
});
