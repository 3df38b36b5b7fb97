import { useEffect, useState } from "preact/hooks";
import { visitPaths } from "../api/client";
import type { Visit } from "../protocol.gen";
import { useSession } from "./session";

interface PictureProps {
	visit: Visit | null | undefined;
	alt: string;
	class?: string;
	eager?: boolean;
}

/** The picture of a visit, or nothing while there is none. */
export function Picture({ visit, alt, eager = false, ...rest }: PictureProps) {
	const address = usePictureAddress(visit);
	const [broken, setBroken] = useState<string | null>(null);
	if (!address || broken === address) return null;
	return (
		<img
			class={rest.class}
			src={address}
			alt={alt}
			decoding="async"
			loading={eager ? "eager" : "lazy"}
			draggable={false}
			onError={() => setBroken(address)}
		/>
	);
}

/** The signed address of a visit's picture; a new one when the picture changed. */
export function usePictureAddress(visit: Visit | null | undefined): string | undefined {
	const { household } = useSession();
	const version = visit ? (household.pictures.value.get(visit.id) ?? 0) : 0;
	return useMediaAddress(visit?.snapshot ? visitPaths.snapshot(visit.id) : undefined, version);
}

/** A signed address for an element that cannot send headers; there at once when known. */
export function useMediaAddress(path: string | undefined, version = 0): string | undefined {
	const { media } = useSession();
	const [signed, setSigned] = useState<{ path: string; address: string }>();
	useEffect(() => {
		let current = true;
		if (path) {
			void media.sign(path, version).then((address) => {
				if (current) setSigned({ path, address });
			});
		}
		return () => {
			current = false;
		};
	}, [media, path, version]);
	if (!path) return undefined;
	return signed?.path === path ? signed.address : media.ready(path, version);
}
