import { words } from "../words";
import { notify } from "./notice";

/** Put a text on the clipboard, and say whether that worked. */
export async function copyText(text: string): Promise<void> {
	const { invite } = words.value.household;
	try {
		await navigator.clipboard.writeText(text);
		notify(invite.copied);
	} catch {
		notify(invite.notCopied, "bad");
	}
}
