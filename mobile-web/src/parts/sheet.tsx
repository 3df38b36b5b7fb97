import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface SheetProps {
	label: string;
	class?: string;
	/** The hook (`data-testid`) of the button that opened it; it is drawn anew afterwards. */
	opener: string;
	onClose: () => void;
	children: ComponentChildren;
}

/**
 * What takes the controls' place for one question. It takes the focus, Escape closes it, and the
 * button that opened it has the focus again afterwards.
 */
export function Sheet({ label, opener, onClose, children, ...rest }: SheetProps) {
	const place = useRef<HTMLElement>(null);
	useEffect(() => {
		place.current?.focus({ preventScroll: true });
		return () => {
			setTimeout(() => focusAgain(opener));
		};
	}, []);
	return (
		<section
			class={`sheet ${rest.class ?? ""}`}
			role="dialog"
			aria-label={label}
			tabIndex={-1}
			ref={place}
			onKeyDown={(event) => {
				if (event.key === "Escape") onClose();
			}}
		>
			{children}
		</section>
	);
}

function focusAgain(hook: string): void {
	const focused = document.activeElement;
	// Someone has gone on already.
	if (focused?.isConnected && focused !== document.body) return;
	document.querySelector<HTMLElement>(`[data-testid="${hook}"]`)?.focus({ preventScroll: true });
}
