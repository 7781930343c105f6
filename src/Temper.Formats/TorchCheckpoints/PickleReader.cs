using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace Temper.Formats.TorchCheckpoints;

/// <summary>
/// Reads one pickle (protocols 1 to 5) as data. This is a stack machine that supports texts, numbers, lists,
/// dictionaries and the names in <see cref="PickleCalls"/>. Nothing is imported or executed.
/// </summary>
/// <param name="reader">Positioned at the first byte.</param>
/// <param name="takesClasses">
/// Whether other names become <see cref="PickleOpaque"/> values; false: they are rejected.
/// </param>
internal sealed class PickleReader(ByteReader reader, bool takesClasses = false)
{
    private const int MaxSteps = 1 << 22;
    private const int MaxOnStack = 1 << 16;
    private const int LongestNumber = 64;

    private readonly PickleStack _stack = new();
    private readonly Dictionary<string, ElementType> _storages = new(StringComparer.Ordinal);
    private long _steps;

    /// <summary>Element types of all storages that the pickle refers to, keyed by the name of the storage.</summary>
    internal IReadOnlyDictionary<string, ElementType> Storages => _storages;

    /// <summary>Reads the pickle and returns its value.</summary>
    /// <exception cref="ModelFormatException">The pickle is damaged, or uses a name that is not allowed.</exception>
    internal object? Read()
    {
        try
        {
            while (true)
            {
                Charge(1);
                byte code = reader.Byte();
                if (code == (byte)'.')
                {
                    return Pop();
                }

                Step(code);
            }
        }
        catch (Exception error) when (error is ArgumentException or OverflowException
            || (error is FormatException && error is not ModelFormatException))
        {
            throw reader.Bad($"{error.Message}; this is not a state dict");
        }
    }

    /// <summary>Counts steps, and throws if the pickle needs more steps or stack entries than it may.</summary>
    private void Charge(long steps)
    {
        _steps += steps;
        if (_steps > MaxSteps || _stack.Count > MaxOnStack)
        {
            throw reader.Bad(
                $"the pickle needs more than {MaxSteps} steps or {MaxOnStack} stack entries; this is not a state dict");
        }
    }

    private void Step(byte code)
    {
        switch (code)
        {
            case 0x80: reader.Byte(); break;                                               // PROTO
            // FRAME: the frame length is not needed
            case 0x95: reader.Bytes(8); break;
            case (byte)'(': _stack.PushMark(); break;
            case (byte)'0': Pop(); break;
            case (byte)'1': _stack.PopMark(); break;
            case (byte)'2': Push(Peek()); break;
            case (byte)'N': Push(null); break;
            case 0x88: Push(true); break;
            case 0x89: Push(false); break;
            case (byte)'K': Push((long)reader.Byte()); break;
            case (byte)'M': Push((long)BinaryPrimitives.ReadUInt16LittleEndian(reader.Bytes(2))); break;
            case (byte)'J': Push((long)Int32()); break;
            case 0x8A: Push(LongNumber(reader.Byte())); break;
            case 0x8B: Push(LongNumber(Int32())); break;
            case (byte)'I': Push(TextNumber()); break;
            case (byte)'L': Push(TextNumber()); break;
            case (byte)'F': Push(double.Parse(Line(), NumberStyles.Float, CultureInfo.InvariantCulture)); break;
            case (byte)'G': Push(BinaryPrimitives.ReadDoubleBigEndian(reader.Bytes(8))); break;
            case 0x8C: Push(Text(reader.Byte())); break;
            case (byte)'X': Push(Text(UInt32())); break;
            case 0x8D: Push(Text(Int64())); break;
            case (byte)'V': Push(Line()); break;
            case (byte)'U': Push(Bytes(reader.Byte())); break;
            case (byte)'T': Push(Bytes(UInt32())); break;
            case (byte)'C': Push(Bytes(reader.Byte())); break;
            case (byte)'B': Push(Bytes(UInt32())); break;
            case 0x8E: Push(Bytes(Int64())); break;
            default: StructureStep(code); break;
        }
    }

    private void StructureStep(byte code)
    {
        switch (code)
        {
            case (byte)')': Push(new PickleList(isTuple: true)); break;
            case (byte)']': Push(new PickleList(isTuple: false)); break;
            case (byte)'}': Push(new PickleDictionary()); break;
            case 0x85: PushTuple(_stack.Pop(1)); break;
            case 0x86: PushTuple(_stack.Pop(2)); break;
            case 0x87: PushTuple(_stack.Pop(3)); break;
            case (byte)'t': PushTuple(_stack.PopMark()); break;
            case (byte)'l': Push(Filled(new PickleList(isTuple: false), _stack.PopMark())); break;
            case (byte)'d': Push(SetItems(new PickleDictionary(), _stack.PopMark())); break;
            case (byte)'a': Append(_stack.Pop(1)); break;
            case (byte)'e': Append(_stack.PopMark()); break;
            case (byte)'s': SetTop(_stack.Pop(2)); break;
            case (byte)'u': SetTop(_stack.PopMark()); break;
            case (byte)'q': _stack.Remember(reader.Byte()); break;
            case (byte)'r': _stack.Remember(UInt32()); break;
            case (byte)'p': _stack.Remember(Integer(Line())); break;
            case 0x94: _stack.RememberNext(); break;
            case (byte)'h': Push(_stack.Recall(reader.Byte())); break;
            case (byte)'j': Push(_stack.Recall(UInt32())); break;
            case (byte)'g': Push(_stack.Recall(Integer(Line()))); break;
            case (byte)'c': PushGlobal(Line(), Line()); break;
            case 0x93: PushGlobalFromStack(); break;
            case (byte)'R' or 0x81: Call(); break;                                         // REDUCE, NEWOBJ
            case 0x92: CallWithNames(); break;                                             // NEWOBJ_EX
            case (byte)'b': Build(); break;
            case (byte)'Q': Push(Persistent(Pop())); break;                                // BINPERSID
            default: throw reader.Bad(
                $"pickle operation 0x{code:X2} is not allowed in a state dict; nothing was executed");
        }
    }

    private object Global(string name) => PickleCalls.IsKnown(name) ? new PickleGlobal(name)
        : takesClasses ? new PickleOpaque(name)
        : throw reader.Bad(NotAllowed(name));

    /// <summary>Returns the message for a class or function that a state dict must not contain.</summary>
    internal static string NotAllowed(string name) =>
        $"'{(name.Length <= 200 ? name : name[..200] + "...")}' is not allowed in a state dict; nothing was executed. "
            + "Save only the state dict: torch.save(model.state_dict(), ...)";

    /// <summary>Returns a storage; an opaque value if its class is not known.</summary>
    private object Persistent(object? id)
    {
        if (id is PickleList { Items: [_, PickleOpaque opaque, ..] })
        {
            return opaque;
        }

        TorchStorage storage = PickleCalls.Storage(id);
        _storages[storage.Key] = storage.Type;
        return storage;
    }

    private void PushGlobalFromStack()
    {
        if (_stack.Pop(2) is not [string module, string name])
        {
            throw new FormatException("a name is not text");
        }

        PushGlobal(module, name);
    }

    /// <summary>
    /// Pushes a class or function. A remembered text can be part of many names, so its length counts as steps.
    /// </summary>
    private void PushGlobal(string module, string name)
    {
        Charge((long)module.Length + name.Length);
        Push(Global($"{module}.{name}"));
    }

    private void Call()
    {
        object?[] both = _stack.Pop(2);
        if (both is [PickleOpaque opaque, PickleList])
        {
            Push(opaque);
            return;
        }

        if (both is not [PickleGlobal function, PickleList arguments])
        {
            throw new FormatException("the pickle calls a value that is not a known function");
        }

        // A function copies the lists it is given. Uncounted, a few bytes could copy a long list again and again.
        Charge(arguments.Items.Count);
        Charge(arguments.Items.OfType<PickleList>().Sum(list => (long)list.Items.Count));
        Push(PickleCalls.Call(function, arguments));
    }

    /// <summary>Makes an object with named arguments, which no known class has.</summary>
    private void CallWithNames() => Push(_stack.Pop(3) is [PickleOpaque opaque, PickleList, PickleDictionary]
        ? opaque
        : throw new FormatException("the pickle calls a known function with named arguments"));

    /// <summary>
    /// Ignores attributes set on a dictionary (PyTorch stores versions there) or an opaque value; for any other object
    /// this is an error.
    /// </summary>
    private void Build()
    {
        Pop();
        if (Peek() is not (PickleDictionary or PickleOpaque))
        {
            throw new FormatException("attributes are set on a value that is not a dictionary");
        }
    }

    private void Append(object?[] items)
    {
        if (Peek() is not PickleOpaque)
        {
            Filled(Peek() as PickleList ?? throw new FormatException("a value is appended to something that is not a "
                + "list"), items);
        }
    }

    private static PickleList Filled(PickleList list, object?[] items)
    {
        list.Items.AddRange(items);
        return list;
    }

    private void SetTop(object?[] items)
    {
        if (Peek() is not PickleOpaque)
        {
            SetItems(
                Peek() as PickleDictionary ?? throw new FormatException("an item is set in a value that is not a "
                    + "dictionary"), items);
        }
    }

    private static PickleDictionary SetItems(PickleDictionary dictionary, object?[] items)
    {
        for (int i = 0; i + 1 < items.Length; i += 2)
        {
            PickleCalls.Set(dictionary, items[i], items[i + 1]);
        }

        return dictionary;
    }

    private void PushTuple(object?[] items) => Push(Filled(new PickleList(isTuple: true), items));

    private void Push(object? value) => _stack.Push(value);

    private object? Pop() => _stack.Pop();

    private object? Peek() => _stack.Peek();

    private int Int32() => BinaryPrimitives.ReadInt32LittleEndian(reader.Bytes(4));

    private long UInt32() => BinaryPrimitives.ReadUInt32LittleEndian(reader.Bytes(4));

    private long Int64() => BinaryPrimitives.ReadInt64LittleEndian(reader.Bytes(8));

    private string Text(long length) => Encoding.UTF8.GetString(reader.Bytes(length));

    private string Bytes(long length) => Encoding.Latin1.GetString(reader.Bytes(length));

    /// <summary>
    /// Reads an integer of any length. Beyond 64 bits it is returned as hexadecimal text; only the magic number is that
    /// long.
    /// </summary>
    private object LongNumber(int length)
    {
        if (length is < 0 or > LongestNumber)
        {
            throw new FormatException($"a number is too long (got {length} bytes, expected at most {LongestNumber})");
        }

        var number = new BigInteger(reader.Bytes(length));
        return number >= long.MinValue && number <= long.MaxValue
            ? (long)number
            : number.ToString("x", CultureInfo.InvariantCulture);
    }

    private object TextNumber() => Line().TrimEnd('L') switch
    {
        "00" => false,
        "01" => true,
        var text => Integer(text),
    };

    private static long Integer(string text) => long.Parse(text, NumberStyles.Integer, CultureInfo.InvariantCulture);

    private string Line()
    {
        const int Longest = 4096;
        var line = new StringBuilder();
        for (byte next = reader.Byte(); next != (byte)'\n'; next = reader.Byte())
        {
            line.Append((char)next);
            if (line.Length > Longest)
            {
                throw new FormatException($"a line is longer than {Longest} characters");
            }
        }

        return line.ToString();
    }
}
