import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Files, FilesError } from "../src/call/files";
import type { Fetch, Stop } from "../src/protocol.gen";
import { FakeChannel } from "./support/channel";

const FILE = Uint8Array.from({ length: 5_000 }, (_, index) => (index * 7) % 256);
const DIGEST = "SHA-256 of FILE";

type Asked = Fetch | Stop;

function bytes(from: number, to: number): ArrayBuffer {
	return FILE.slice(from, to).buffer;
}

async function digest(): Promise<string> {
	const hash = await crypto.subtle.digest("SHA-256", FILE);
	return Array.from(new Uint8Array(hash), (each) => each.toString(16).padStart(2, "0")).join("");
}

/** The doorbell's side: answers the newest fetch. */
function header(channel: FakeChannel<Asked>, offset = 0, version = "v1") {
	channel.say({
		type: "file",
		id: channel.last.id,
		version,
		media_type: "video/mp4",
		offset,
		size_bytes: FILE.length,
		starts_ms: 1_700_000_000_000,
		duration_ms: 12_000,
	});
}

async function end(channel: FakeChannel<Asked>, sha256?: string) {
	channel.say({ type: "file_end", id: channel.last.id, sha256: sha256 ?? (await digest()) });
}

function attached(files = new Files()) {
	const channel = new FakeChannel<Asked>();
	files.attach(channel);
	channel.open();
	return { files, channel };
}

const settle = () => vi.advanceTimersByTimeAsync(1);

beforeEach(() => {
	vi.useFakeTimers();
});
afterEach(() => {
	vi.useRealTimers();
});

describe("a file", () => {
	it("comes in pieces, is checked, and tells how much is there", async () => {
		const { files, channel } = attached();
		const progress = vi.fn();
		const fetching = files.fetch("rewind", { progress });
		expect(channel.sent).toEqual([
			{ type: "fetch", id: 1, name: "rewind", offset: 0, version: null },
		]);
		header(channel);
		channel.say(bytes(0, 2_500));
		channel.say(bytes(2_500, 5_000));
		await end(channel);
		const fetched = await fetching;
		expect(new Uint8Array(await fetched.blob.arrayBuffer())).toEqual(FILE);
		expect(fetched.blob.type).toBe("video/mp4");
		expect(fetched).toMatchObject({ startsMs: 1_700_000_000_000, durationMs: 12_000 });
		expect(progress.mock.calls.flat()).toEqual([0, 0.5, 1]);
	});

	it("is asked for as soon as there is a channel", async () => {
		const files = new Files();
		const channel = new FakeChannel<Asked>();
		files.attach(channel);
		void files.fetch("rewind").catch(() => undefined);
		expect(channel.sent).toEqual([]);
		channel.open();
		expect(channel.sent).toHaveLength(1);
		files.close();
	});

	it("goes on over the next connection where it stopped", async () => {
		const { files, channel } = attached();
		const fetching = files.fetch("rewind");
		header(channel);
		channel.say(bytes(0, 3_000));
		channel.close();
		const { channel: next } = attached(files);
		expect(next.last).toMatchObject({ type: "fetch", offset: 3_000, version: "v1" });
		// What the dead connection still had to say does not count.
		channel.say(bytes(3_000, 4_000));
		header(next, 3_000);
		next.say(bytes(3_000, 5_000));
		await end(next);
		expect((await fetching).blob.size).toBe(FILE.length);
	});

	it("begins anew when the doorbell has that version no more", async () => {
		const { files, channel } = attached();
		const fetching = files.fetch("rewind");
		header(channel);
		channel.say(bytes(0, 3_000));
		const { channel: next } = attached(files);
		header(next, 0, "v2");
		next.say(bytes(0, 5_000));
		await end(next);
		expect((await fetching).blob.size).toBe(FILE.length);
	});

	it("is asked for again when nothing comes, and given up in the end", async () => {
		const { files, channel } = attached();
		const fetching = expect(files.fetch("rewind")).rejects.toMatchObject({ reason: "silent" });
		header(channel);
		channel.say(bytes(0, 1_000));
		await vi.advanceTimersByTimeAsync(4_500);
		expect(channel.last).toMatchObject({ id: 2, offset: 1_000, version: "v1" });
		await vi.advanceTimersByTimeAsync(30_000);
		await fetching;
		const asked = channel.sent.length;
		await vi.advanceTimersByTimeAsync(60_000);
		expect(channel.sent).toHaveLength(asked);
	});

	it("is not given up while it comes slowly", async () => {
		const { files, channel } = attached();
		const fetching = files.fetch("rewind");
		header(channel);
		for (let at = 0; at < FILE.length; at += 100) {
			await vi.advanceTimersByTimeAsync(3_000);
			channel.say(bytes(at, at + 100));
		}
		await end(channel);
		expect((await fetching).blob.size).toBe(FILE.length);
		expect(channel.sent).toHaveLength(1);
	});
});

describe("bytes that are not the file", () => {
	it("are fetched anew, and given up when they stay wrong", async () => {
		const { files, channel } = attached();
		const fetching = expect(files.fetch("rewind")).rejects.toBeInstanceOf(FilesError);
		for (let turn = 1; turn <= 3; turn += 1) {
			expect(channel.last).toMatchObject({ id: turn, offset: 0, version: null });
			header(channel);
			channel.say(bytes(0, 5_000));
			await end(channel, "0".repeat(64));
			await vi.waitFor(() => expect(channel.sent.length === turn + 1 || turn === 3).toBe(true));
		}
		await fetching;
	});

	it("may be more than announced, or begin in the wrong place", async () => {
		const { files, channel } = attached();
		const fetching = files.fetch("rewind");
		header(channel);
		channel.say(bytes(0, 5_000));
		channel.say(bytes(0, 10));
		expect(channel.last).toMatchObject({ id: 2, offset: 0, version: null });
		header(channel, 700);
		expect(channel.last).toMatchObject({ id: 3, offset: 0 });
		header(channel);
		channel.say(bytes(0, 5_000));
		await end(channel);
		expect((await fetching).blob.size).toBe(FILE.length);
	});

	it("of an earlier request, or without a header, are left alone", async () => {
		const { files, channel } = attached();
		const fetching = files.fetch("rewind");
		channel.say(bytes(0, 400));
		channel.say({ type: "file_end", id: 99, sha256: DIGEST });
		channel.say("{");
		header(channel);
		channel.say(bytes(0, 5_000));
		await end(channel);
		expect((await fetching).blob.size).toBe(FILE.length);
	});
});

describe("a file that is not wanted or not there", () => {
	it("is stopped by the signal, and rejects with its reason", async () => {
		const { files, channel } = attached();
		const over = new AbortController();
		const fetching = files.fetch("rewind", { signal: over.signal });
		header(channel);
		over.abort();
		await expect(fetching).rejects.toMatchObject({ name: "AbortError" });
		expect(channel.last).toEqual({ type: "stop", id: 1 });
		await settle();
		await vi.advanceTimersByTimeAsync(20_000);
		expect(channel.sent).toHaveLength(2);
	});

	it("is not even asked for when the signal came first", () => {
		const { files, channel } = attached();
		expect(() => files.fetch("rewind", { signal: AbortSignal.abort() })).toThrow();
		expect(channel.sent).toEqual([]);
	});

	it("is refused with the doorbell's sentence", async () => {
		const { files, channel } = attached();
		const fetching = files.fetch("rewind");
		channel.say({ type: "file_refused", id: 1, detail: "Nothing was seen yet." });
		await expect(fetching).rejects.toMatchObject({
			reason: "refused",
			detail: "Nothing was seen yet.",
		});
	});

	it("gives way to the next one", async () => {
		const { files, channel } = attached();
		const first = files.fetch("rewind");
		const second = files.fetch("rewind");
		await expect(first).rejects.toMatchObject({ name: "AbortError" });
		header(channel);
		channel.say(bytes(0, 5_000));
		await end(channel);
		expect((await second).blob.size).toBe(FILE.length);
	});

	it("ends with the call", async () => {
		const { files } = attached();
		const fetching = files.fetch("rewind");
		files.close();
		await expect(fetching).rejects.toBeInstanceOf(FilesError);
	});
});
