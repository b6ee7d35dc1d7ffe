import { Component, type ReactNode } from 'react';
import { Button } from '../ui/Button';
import { Empty } from '../ui/Empty';

/** Boundary keeps a mistake in one screen from taking the whole page. */
export class Boundary extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    // A part of the page that is not there any more: the daemon has a newer one.
    const gone = /import|module|load/i.test(this.state.error.message);
    return (
      <Empty title={gone ? 'This part of the page could not be loaded.' : 'This part of the page has failed.'}>
        <p>{gone ? 'The daemon may have been updated, or does not answer.' : this.state.error.message}</p>
        <Button look="primary" onClick={() => location.reload()}>
          Load the page again
        </Button>
      </Empty>
    );
  }
}
