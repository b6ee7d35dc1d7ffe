import { useEffect, useRef } from 'react';
import { useRateHistory } from '../../store/stats';
import { rate } from '../../ui/format';
import css from './bar.module.css';
import { draw, thin } from './sparkline';

/** Points in the picture: one for 5 s of the ten minutes. */
const places = 120;

/** The rates of the last ten minutes, drawn once a second. The same is said in its name. */
export function Sparkline() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const history = useRateHistory();
  useEffect(() => {
    const el = canvas.current;
    const ctx = el?.getContext('2d');
    if (!el || !ctx) return;
    const size = { width: el.clientWidth, height: el.clientHeight };
    const dots = devicePixelRatio || 1;
    el.width = Math.round(size.width * dots);
    el.height = Math.round(size.height * dots);
    ctx.scale(dots, dots);
    const down = thin(history.down, places);
    const up = thin(history.up, places);
    const most = Math.max(...down, ...up, 1);
    const style = getComputedStyle(el);
    draw(ctx, up, most, places, size, style.getPropertyValue('--spark-up'));
    draw(ctx, down, most, places, size, style.getPropertyValue('--spark-down'));
  }, [history]);
  const most = Math.max(0, ...history.down, ...history.up);
  return (
    <canvas
      ref={canvas}
      className={css.spark}
      role="img"
      aria-label={`Rates of the last ten minutes, at most ${rate(most) || '0'}`}
    />
  );
}
