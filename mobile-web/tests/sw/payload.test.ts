import { describe, expect, it } from "vitest";
import { noticeIn } from "../../src/sw/payload";
import { notice } from "./notices";

const message = { web_push: 8030, notification: notice("rang") };

describe("noticeIn", () => {
	it("reads declarative Web Push", () => {
		expect(noticeIn(JSON.stringify(message))).toEqual(notice("rang"));
	});

	it("reads the same payload out of a data message of Firebase", () => {
		const wrapped = { data: { doorstep: JSON.stringify(message) }, from: "1", fcmMessageId: "2" };
		expect(noticeIn(JSON.stringify(wrapped))).toEqual(notice("rang"));
	});

	it.each([
		undefined,
		"",
		"hello",
		"null",
		"[]",
		'{"web_push":8030}',
		'{"web_push":8030,"notification":{"title":1}}',
		'{"notification":{"title":"t","navigate":"/","tag":"t","data":{"change":"rang"}}}',
		'{"data":{"doorstep":"{"}}',
	])("understands nothing in %j", (text) => {
		expect(noticeIn(text)).toBeUndefined();
	});
});
