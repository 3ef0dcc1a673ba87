// Pictures, side by side.

import type { ImageOutput } from "unstuck-client";
import { counted } from "../format";

export function Output({ output: { images } }: { output: ImageOutput }) {
  return (
    <section className="panel panel-body stack-tight" aria-labelledby="pictures">
      <h2 id="pictures">{counted(images.length, "picture")}</h2>
      <div className="pictures">
        {images.map((image, index) => (
          <figure key={image.sha256 + index}>
            <a href={image.url} target="_blank" rel="noreferrer">
              <img
                src={image.url}
                alt={`Number ${index + 1} of ${images.length}`}
                width={image.width}
                height={image.height}
              />
            </a>
            <figcaption className="muted small figures">
              {image.width} × {image.height}, {Math.ceil(image.bytes / 1024)} KB
            </figcaption>
          </figure>
        ))}
      </div>
    </section>
  );
}
