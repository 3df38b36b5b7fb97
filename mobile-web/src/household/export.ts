import type { ChainedRow } from "./chain";
import type { SignedHead } from "./log";

/** Rows, oldest first, one JSON text a line with the chain's hash there; the signed head ends it. */
export function exportedLog(
	rows: readonly ChainedRow[],
	{ text: signedHead, statement: head }: SignedHead,
): string {
	const covered = rows.filter(({ row }) => row.number <= head.number).reverse();
	const lines = covered.map(({ text, hash }) => JSON.stringify({ row: text, hash }));
	const end = JSON.stringify({ hash: head.hash, head: signedHead });
	return `${[...lines, end].join("\n")}\n`;
}

/** Let the browser keep a text as a file. */
export function saveText(name: string, text: string): void {
	const address = URL.createObjectURL(new Blob([text], { type: "application/jsonl" }));
	const link = document.createElement("a");
	link.href = address;
	link.download = name;
	link.click();
	// Some browsers read it only after the click has returned.
	setTimeout(() => URL.revokeObjectURL(address), 60_000);
}
