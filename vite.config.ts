import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The meeting page. `npm run build` says where it goes; by hand, `npx vite build` puts it where the service looks for it. */
export default defineConfig({
  root: here('src/web'),
  base: '/',
  publicDir: false,
  appType: 'spa',
  logLevel: 'warn',
  esbuild: { jsx: 'automatic', jsxImportSource: 'preact', legalComments: 'none' },
  build: {
    outDir: here('dist/web'),
    emptyOutDir: true,
    // Browsers of the last three years or so; Safari since its <dialog>.
    target: ['chrome111', 'edge111', 'firefox115', 'safari15.4'],
    // Nothing inline, so that the page can be served under a Content-Security-Policy that allows nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
