import type { HouseholdView, Member } from "../protocol.gen";

/** An invitation that this page made; its link is nowhere else. */
export interface OpenCode {
	readonly link: string;
	readonly endsAtMs: number;
	/** The phones that were there before. */
	readonly known: ReadonlySet<string>;
}

/** `elsewhere`: somebody's code is open, and it is not ours. */
export type CodeState =
	| { readonly is: "none" | "elsewhere" | "open" | "expired" | "void" }
	| { readonly is: "used"; readonly by: Member };

// Two clocks of one invitation differ by what the messages took.
const SAME_CODE_S = 5;

/** What became of a code, by what the doorbell told at `toldMs`. */
export function codeState(
	code: OpenCode | null,
	view: Pick<HouseholdView, "members" | "invitation">,
	toldMs: number,
	nowMs: number,
): CodeState {
	const { invitation } = view;
	if (!code) return { is: invitation ? "elsewhere" : "none" };
	const by = view.members.find(({ phone }) => !code.known.has(phone.id));
	const late = nowMs >= code.endsAtMs;
	const leftS = (code.endsAtMs - toldMs) / 1000;
	if (invitation && Math.abs(invitation.left_s - leftS) < SAME_CODE_S) {
		return { is: late ? "expired" : "open" };
	}
	if (by) return { is: "used", by };
	if (invitation) return { is: "elsewhere" };
	return { is: late ? "expired" : "void" };
}
