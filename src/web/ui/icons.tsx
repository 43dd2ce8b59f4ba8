/** Drawn on 24 x 24 with a pen of 1.8, round ends: what is filled says so. */
const drawings = {
  microphone: (
    <>
      <rect x="9" y="3" width="6" height="11" rx="3" />
      <path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3" />
    </>
  ),
  microphoneOff: (
    <>
      <path d="M9 7.5V11a3 3 0 0 0 4.6 2.5M15 10V6a3 3 0 0 0-5.6-1.5" />
      <path d="M5.5 11.5A6.5 6.5 0 0 0 16 16.600M18.5 11.500a6.5 6.5 0 0 1-.6 2.700M12 18v3M4 3.500l16 17" />
    </>
  ),
  camera: (
    <>
      <rect x="3" y="6.5" width="12.5" height="11" rx="2.5" />
      <path d="m15.5 10.7 5-2.700v8l-5-2.7" />
    </>
  ),
  cameraOff: (
    <>
      <path d="M8.5 6.500H13A2.5 2.5 0 0 1 15.5 9v4M15.5 16a2.5 2.5 0 0 1-2.5 1.500H5.500A2.5 2.5 0 0 1 3 15V9a2.5 2.5 0 0 1 2-2.4" />
      <path d="m15.5 10.7 5-2.700v8l-2.5-1.300M4 3.500l16 17" />
    </>
  ),
  share: (
    <>
      <rect x="3" y="4.5" width="18" height="12.5" rx="2" />
      <path d="M12 14V8m-2.7 2.500L12 7.800l2.7 2.700M8.5 20.500h7" />
    </>
  ),
  people: (
    <>
      <circle cx="9" cy="8" r="3.5" />
      <path d="M2.5 19.500a6.5 6.5 0 0 1 13 0M15.5 4.800a3.5 3.5 0 0 1 0 6.400M18 14a6.5 6.5 0 0 1 3.5 5.5" />
    </>
  ),
  leave: (
    <path d="M3 14.500c-.6-1.8 0-3.5 1.7-4.400a16 16 0 0 1 14.6 0c1.7.9 2.3 2.6 1.7 4.4-.3.9-1.2 1.3-2 1l-2.8-.9a1.5 1.5 0 0 1-1-1.300l-.1-1.600a12 12 0 0 0-6.2 0l-.1 1.600a1.5 1.5 0 0 1-1 1.300l-2.8.9c-.8.3-1.7-.100-2-1Z" />
  ),
  settings: (
    <>
      <path d="M4 7h9M19 7h1M4 17h1M11 17h9" />
      <circle cx="16" cy="7" r="2.7" />
      <circle cx="8" cy="17" r="2.7" />
    </>
  ),
  grid: (
    <>
      <rect x="3.5" y="4.5" width="7.5" height="6.5" rx="1.5" />
      <rect x="13" y="4.5" width="7.5" height="6.5" rx="1.5" />
      <rect x="3.5" y="13" width="7.5" height="6.5" rx="1.5" />
      <rect x="13" y="13" width="7.5" height="6.5" rx="1.5" />
    </>
  ),
  speaker: (
    <>
      <rect x="3.5" y="4.5" width="17" height="10.5" rx="1.5" />
      <path d="M4.5 19h3M10.5 19h3M16.5 19h3" />
    </>
  ),
  lock: (
    <>
      <rect x="5.5" y="10.5" width="13" height="9.5" rx="2.5" />
      <path d="M8.5 10.500V8a3.5 3.5 0 0 1 7 0v2.5" />
    </>
  ),
  unlock: (
    <>
      <rect x="5.5" y="10.5" width="13" height="9.5" rx="2.5" />
      <path d="M8.5 10.500V7.500a3.5 3.5 0 0 1 6.8-1.2" />
    </>
  ),
  shield: (
    <>
      <path d="M12 3.5 5 6v5.500c0 4.3 2.9 7.6 7 9 4.1-1.4 7-4.7 7-9V6l-7-2.500Z" />
      <path d="m8.9 12 2.2 2.2 4-4.3" />
    </>
  ),
  close: <path d="m6 6 12 12M18 6 6 18" />,
  phone: (
    <path d="M6.5 3.500h2.300l1.5 4.2-2 1.600a12.5 12.5 0 0 0 6.4 6.400l1.6-2 4.2 1.500v2.300a2.5 2.5 0 0 1-2.7 2.500A15.8 15.8 0 0 1 4 6.200a2.5 2.5 0 0 1 2.5-2.700Z" />
  ),
  remove: (
    <>
      <circle cx="9.5" cy="8" r="3.5" />
      <path d="M3 19.500a6.5 6.5 0 0 1 11.5-4.200M16.5 13.500l4.5 4.500M21 13.5 16.5 18" />
    </>
  ),
  wait: (
    <>
      <circle cx="12" cy="12" r="8.5" />
      <path d="M12 7.500V12l3 2" />
    </>
  ),
  sound: (
    <>
      <path d="M4 9.500v5h3.500L12 18.500v-13L7.5 9.500H4Z" />
      <path d="M15.5 9a4.2 4.2 0 0 1 0 6M18 6.500a8 8 0 0 1 0 11" />
    </>
  ),
};

export type IconName = keyof typeof drawings;

/** Decoration: the words stand beside it or in the button's name. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {drawings[name]}
    </svg>
  );
}

/** Three bars: how many are filled tells the same as the words beside it. */
export function QualityBars({ filled }: { readonly filled: 1 | 2 | 3 }) {
  return (
    <svg class="icon bars" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      {[1, 2, 3].map((bar) => (
        <rect key={bar} x={bar * 6 - 2} y={20 - bar * 5} width="4" height={bar * 5} rx="1" class={bar <= filled ? 'filled' : 'empty'} />
      ))}
    </svg>
  );
}
