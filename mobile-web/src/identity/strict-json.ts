// A text, or a character that begins or ends something. Enough for JSON that JSON.parse has read.
const PIECES = /"(?:[^"\\]|\\.)*"|[{}[\]:]/g;

/**
 * The object behind a JSON text; throws when it is none, or when a key stands twice anywhere in it:
 * JSON.parse alone would keep the last, and another reader perhaps the first.
 */
export function strictObject(text: string): Record<string, unknown> {
	const value: unknown = JSON.parse(text);
	if (typeof value !== "object" || value === null || Array.isArray(value)) {
		throw new Error("The text is no object.");
	}
	refuseTwice(text);
	return value as Record<string, unknown>;
}

/** Throws when a key stands twice; `text` is known to be JSON. */
function refuseTwice(text: string): void {
	const objects: Set<string>[] = [];
	let last = "";
	for (const [piece] of text.matchAll(PIECES)) {
		// Arrays open a level too, so that every end closes its own beginning.
		if (piece === "{" || piece === "[") objects.push(new Set());
		else if (piece === "}" || piece === "]") objects.pop();
		else if (piece === ":") {
			const key = JSON.parse(last) as string;
			const known = objects.at(-1);
			if (known?.has(key)) throw new Error("The text says something twice.");
			known?.add(key);
		} else last = piece;
	}
}
