using System.Buffers;

namespace Temper.Tensors;

/// <summary>Reverse-mode automatic differentiation: visits the records of a tape from last to first.</summary>
internal static class BackwardPass
{
    internal static GradientMap Run(
        TapeRecords records, IReadOnlyList<(Tensor Output, Tensor Cotangent)> outputs, IReadOnlyList<Tensor> sources,
        Action<int, Tensor>? ready)
    {
        int count = records.Count;
        Tensor?[] slots = ArrayPool<Tensor?>.Shared.Rent(count);
        Want[] wanted = ArrayPool<Want>.Shared.Rent(count);
        try
        {
            MarkWanted(records, sources, wanted);
            int last = Seed(records, outputs, slots, wanted);
            var results = new SourceGradients(records, outputs, sources, slots, ready);
            results.ReportFinal(last + 1);
            for (int index = last; index >= 0; index--)
            {
                TapeRecord record = records[index];
                if (record.Operation is not null && slots[index] is { } gradient)
                {
                    TapeRecords.CheckUnchanged(record);
                    using (OperationKernels.Use(record.Operation.Choice))
                    {
                        record.Operation.Backward(
                            record.Output, gradient, new InputGradients(slots, record.Inputs, wanted));
                    }

                    if (wanted[index] != Want.Result)
                    {
                        slots[index] = null;
                        gradient.Storage.Release();
                    }
                }

                results.ReportFinal(index);
            }

            return results.Map();
        }
        finally
        {
            ArrayPool<Tensor?>.Shared.Return(slots, clearArray: true);
            ArrayPool<Want>.Shared.Return(wanted);
        }
    }

    /// <summary>
    /// Marks the records through which a gradient must flow to reach a requested source. Other gradients are not
    /// computed.
    /// </summary>
    internal static void MarkWanted(TapeRecords records, IReadOnlyList<Tensor> sources, Want[] wanted)
    {
        Array.Clear(wanted, 0, records.Count);
        foreach (Tensor source in sources)
        {
            int index = records.IndexOf(source);
            if (index < 0)
            {
                throw new InvalidOperationException(
                    $"GradientTape.Gradient: a source is not watched (got shape {source.Shape}); call Watch before "
                    + "computing with it");
            }

            wanted[index] = Want.Result;
        }

        for (int index = 0; index < records.Count; index++)
        {
            foreach (int input in records[index].Inputs)
            {
                if (input >= 0 && wanted[input] != Want.Nothing && wanted[index] == Want.Nothing)
                {
                    wanted[index] = Want.Passage;
                }
            }
        }
    }

    /// <summary>
    /// Adds the cotangents to the slots of their outputs. Returns the index of the last record that has one.
    /// </summary>
    internal static int Seed(
        TapeRecords records, IReadOnlyList<(Tensor Output, Tensor Cotangent)> outputs, Tensor?[] slots, Want[] wanted)
    {
        int last = -1;
        foreach ((Tensor output, Tensor cotangent) in outputs)
        {
            if (!output.Shape.Equals(cotangent.Shape))
            {
                throw new ShapeMismatchException(
                    "GradientTape.Gradient", cotangent.Shape, output.Shape, "a cotangent must have its output's shape");
            }

            int index = records.IndexOf(output);
            if (index < 0 || wanted[index] == Want.Nothing)
            {
                continue;
            }

            int[] own = [index];
            new InputGradients(slots, own, wanted).Add(0, cotangent);
            last = Math.Max(last, index);
        }

        return last >= 0 ? last : throw new InvalidOperationException(
            "GradientTape.Gradient: no output depends on the sources; compute it from them while the tape is open");
    }
}

/// <summary>Whether a backward pass needs the gradient of a recorded tensor.</summary>
internal enum Want : byte
{
    /// <summary>Not needed: the tensor depends on none of the requested sources.</summary>
    Nothing,

    /// <summary>Needed to compute the gradient of a source; released after use.</summary>
    Passage,

    /// <summary>The tensor is a requested source: its gradient is a result.</summary>
    Result,
}
