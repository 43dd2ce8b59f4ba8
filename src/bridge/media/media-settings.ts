/** What the media plane of a node listens on, and how much it takes. */
export interface MediaSettings {
  /** IP addresses of this machine; `advertised` stands in SDP and ICE candidates where others reach it by another. The first serves room systems. */
  readonly addresses: readonly { readonly address: string; readonly advertised: string | undefined }[];
  /** UDP (and for browsers also TCP) ports; 0 to 0: any free ones. */
  readonly ports: { readonly from: number; readonly to: number };
}
