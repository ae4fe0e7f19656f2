/** Placeholders of the size of what comes, so that nothing jumps. */
export function Bone({ width = '100%', height = 12 }: { width?: string | number; height?: number }) {
  return <span className="bone" aria-hidden style={{ width, height }} />;
}

/** The row of filters above a list. */
export function FilterBones() {
  return <div className="filters" aria-hidden><Bone width={280} height={32} /><Bone width={97} height={32} /></div>;
}

export function TableBones({ rows = 8, columns = 5 }: { rows?: number; columns?: number }) {
  return (
    <div className="table-bones" aria-hidden>
      {Array.from({ length: rows + 1 }, (_, row) => (
        <div key={row} className={row === 0 ? 'bone-row head' : 'bone-row'}>
          {Array.from({ length: columns }, (_, column) => <Bone key={column} width={column === 0 ? `${46 + ((row * 37) % 34)}%` : `${30 + ((row * 17 + column * 29) % 36)}%`} height={10} />)}
        </div>
      ))}
    </div>
  );
}

export function FactBones({ count = 4, tall = false }: { count?: number; tall?: boolean }) {
  return (
    <div className={tall ? 'figures tall' : 'figures'} aria-hidden>
      {Array.from({ length: count }, (_, index) => (
        <div key={index} className="figure"><span className="figure-label"><Bone width={72} height={10} /></span><span className="figure-value"><Bone width={110} height={20} /></span><span className="figure-note"><Bone width={130} height={10} /></span></div>
      ))}
    </div>
  );
}
