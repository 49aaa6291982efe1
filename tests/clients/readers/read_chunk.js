// A chunk of the first layer's finest resolution as the viewer decoded it: where it begins, its shape, and its voxels in
// base 64, of all these the fastest axis first. They are counted from 0; null is behind the last one.
async (number) => {
  const unpack = (chunk, shape) => {
    const values = new BigUint64Array(shape.reduce((product, side) => product * side, 1));
    const at = new Array(shape.length).fill(0);
    for (let index = 0; index < values.length; ++index) {
      values[index] = chunk.getValueAt(at);
      for (let axis = 0; axis < shape.length && ++at[axis] === shape[axis]; ++axis) at[axis] = 0;
    }
    return values;
  };

  const layers = viewer.layerManager.managedLayers[0].layer.renderLayers;
  const volume = layers.map((layer) => layer.multiscaleSource).find(Boolean);
  const identity = new Float32Array(volume.rank ** 2);
  for (let axis = 0; axis < volume.rank; ++axis) identity[axis * (volume.rank + 1)] = 1;
  const [[{ chunkSource }]] = volume.getSources({
    discreteValues: true,
    displayRank: volume.rank,
    modelChannelDimensionIndices: [],
    multiscaleToViewTransform: identity,
  });

  const { chunkDataSize, lowerVoxelBound, upperVoxelBound, compressedSegmentationBlockSize: compressed } = chunkSource.spec;
  const place = new Float32Array(volume.rank);
  let rest = number;
  for (let axis = 0; axis < volume.rank; ++axis) {
    const count = Math.ceil((upperVoxelBound[axis] - lowerVoxelBound[axis]) / chunkDataSize[axis]);
    place[axis] = rest % count;
    rest = Math.floor(rest / count);
  }
  if (rest > 0) return null;

  return chunkSource.fetchChunk(place, (chunk) => {
    const shape = Array.from(chunk.chunkDataSize);
    const { buffer, byteOffset, byteLength } = compressed ? unpack(chunk, shape) : chunk.data;
    const voxels = new Uint8Array(buffer, byteOffset, byteLength);
    let text = "";
    for (let start = 0; start < voxels.length; start += 2 ** 15) {
      text += String.fromCharCode(...voxels.subarray(start, start + 2 ** 15));
    }
    return { start: shape.map((_, axis) => place[axis] * chunkDataSize[axis]), shape, voxels: btoa(text) };
  });
};
