import { api } from '../../api/client';
import { notify } from '../../store/notices';
import { copyOrSay } from '../copy';

/** contentPath is where the bytes of a file are, for the browser that is signed in. It works below any path of a proxy. */
export function contentPath(id: string, index: number, inline = false): string {
  return new URL(`api/v1/torrents/${id}/files/${index}/content${inline ? '?inline=1' : ''}`, document.baseURI).href;
}

/** archivePath is where some files are in one archive; empty: those that are downloaded. */
export function archivePath(id: string, files = ''): string {
  const query = files === '' ? '' : `?files=${encodeURIComponent(files)}`;
  return new URL(`api/v1/torrents/${id}/archive.tar${query}`, document.baseURI).href;
}

/** playlistPath is a list of what can be played, for a player. */
export function playlistPath(id: string): string {
  return new URL(`api/v1/torrents/${id}/playlist.m3u8`, document.baseURI).href;
}

/** A day: long enough for a film that is stopped in the evening. */
const ttl = 86_400;

/**
 * signedLink asks for an address of one file that needs no signing in. The daemon does not
 * know below which path of a proxy it is seen: only the signature is taken from its answer.
 */
async function signedLink(id: string, index: number): Promise<URL> {
  const { data } = await api.POST('/torrents/{id}/files/{i}/links', { params: { path: { id, i: index } }, body: { ttl } });
  const url = new URL(contentPath(id, index));
  url.search = data ? new URL(data.url).search : '';
  return url;
}

/** copyLink copies an address of a file that a player can open, for a day. */
export async function copyLink(id: string, index: number): Promise<void> {
  await copyOrSay((await signedLink(id, index)).href, 'link, which opens this file for a day');
}

/**
 * openInTab shows a file in a tab of its own by a signed link. The tab is opened before
 * the link is there: later the browser would take it for a popup.
 */
export async function openInTab(id: string, index: number): Promise<void> {
  const tab = window.open('', '_blank');
  try {
    const url = await signedLink(id, index);
    url.searchParams.set('inline', '1');
    if (tab) {
      tab.opener = null;
      tab.location.replace(url.href);
    } else {
      notify({ kind: 'bad', text: 'The browser did not open a tab.', action: { label: 'Copy the link', run: () => void copyOrSay(url.href, 'link') } });
    }
  } catch (e) {
    tab?.close();
    throw e;
  }
}
