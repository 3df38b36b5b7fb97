import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { words } from "../words";

interface AskProps {
	question: string;
	yes: string;
	hook: string;
	busy?: boolean;
	onYes: () => void;
	onNo: () => void;
	children?: ComponentChildren;
}

/** A question before something that cannot be undone; the harmless answer has the focus. */
export function Ask({ question, yes, hook, busy = false, onYes, onNo, children }: AskProps) {
	const no = useRef<HTMLButtonElement>(null);
	useEffect(() => no.current?.focus(), []);
	return (
		<div
			class="ask"
			role="alertdialog"
			aria-label={question}
			onKeyDown={(event) => {
				if (event.key === "Escape") onNo();
			}}
		>
			<p class="ask-question">{question}</p>
			{children}
			<div class="actions">
				<button type="button" class="pill quiet" ref={no} onClick={onNo}>
					{words.value.app.cancel}
				</button>
				<button
					type="button"
					class="pill danger"
					data-testid={hook}
					disabled={busy}
					onClick={onYes}
				>
					{yes}
				</button>
			</div>
		</div>
	);
}
