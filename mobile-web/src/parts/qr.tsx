import { useMemo } from "preact/hooks";
import { encode } from "uqr";

// Cameras look for four light modules around the code (ISO/IEC 18004 section 9.1).
const QUIET_ZONE = 4;

/** A QR code, dark on light in every colour scheme: many cameras read no other. */
export function QrCode({ text, label }: { text: string; label: string }) {
	const { size, path } = useMemo(() => qrPath(text), [text]);
	return (
		<svg
			class="qr"
			data-testid="qr"
			role="img"
			aria-label={label}
			viewBox={`0 0 ${size} ${size}`}
			shape-rendering="crispEdges"
		>
			<rect class="qr-light" width={size} height={size} />
			<path class="qr-dark" d={path} />
		</svg>
	);
}

/** The dark modules as one path, and the width of the whole in modules. */
export function qrPath(text: string): { size: number; path: string } {
	const { data, size } = encode(text, { ecc: "M", border: QUIET_ZONE });
	const path = data
		.map((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")).join(""))
		.join("");
	return { size, path };
}
