import { describe, expect, it } from "vitest";
import { SseParser } from "../src/api/sse";

const STREAM = [
	": hello\n",
	"retry: 1500\n\n",
	'id: 7\nevent: visit\ndata: {"a":\ndata: 1}\n\n',
	"data:two\r\n\r\n",
	"id: 8\n\n",
	"event: nothing\n\n",
	"data: three\r\r",
	"\n",
].join("");
const EVENTS = [
	{ type: "visit", data: '{"a":\n1}' },
	{ type: "message", data: "two" },
	{ type: "message", data: "three" },
];

describe("the reader of Server-Sent Events", () => {
	it("reads comments, fields and every kind of line end", () => {
		const parser = new SseParser();
		expect(parser.push(STREAM)).toEqual(EVENTS);
		expect(parser.lastEventId).toBe("8");
		expect(parser.retryMs).toBe(1500);
	});

	it("reads the same wherever the stream is cut", () => {
		for (let cut = 0; cut <= STREAM.length; cut += 1) {
			const parser = new SseParser();
			const events = [...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))];
			expect(events, `cut at ${cut}`).toEqual(EVENTS);
		}
	});

	it("takes the id only with the whole event, so that nothing is missed after a cut", () => {
		const parser = new SseParser();
		parser.push("id: 9\ndata: half");
		expect(parser.lastEventId).toBe("");
		parser.push("\n\n");
		expect(parser.lastEventId).toBe("9");
	});
});
