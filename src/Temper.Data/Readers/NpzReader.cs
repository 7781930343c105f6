using Temper.Formats;
using Temper.Formats.Npz;
using Temper.Tensors;

namespace Temper.Data.Readers;

/// <summary>An archive with <c>x_train</c>, <c>y_train</c>, <c>x_test</c> and <c>y_test</c>, as Keras hands data sets out.</summary>
internal static class NpzReader
{
    internal static DataSets Read(string path)
    {
        IReadOnlyDictionary<string, Tensor> arrays = NpzFile.Load(path);
        return new DataSets(Part("train"), Part("test"));

        TensorDataset Part(string part)
        {
            Tensor x = Array("x_" + part);
            Tensor y = Array("y_" + part).To(DType.Int64);
            if (x.Rank < 2 || y.Count != x.Shape[0])
            {
                throw new ModelFormatException(path, 0, $"npz: y_{part} does not fit x_{part} (got {y.Shape} and {x.Shape}, expected [N] and [N, ...])");
            }

            try
            {
                return new TensorDataset(Path.GetFileNameWithoutExtension(path), x, y.Reshape([y.Count]));
            }
            catch (ArgumentOutOfRangeException e)
            {
                throw new ModelFormatException(path, 0, $"npz: y_{part} has a number that is no class (expected 0 to 1,000,000)", e);
            }
        }

        Tensor Array(string name) => arrays.TryGetValue(name, out Tensor? array)
            ? array
            : throw new ModelFormatException(path, 0, $"npz: no array '{name}' (there are: {string.Join(", ", arrays.Keys)})");
    }
}
